"""The scenario: everything a person writes down for a run, checked and frozen.

A scenario is made from a preset, a TOML file or keyword arguments, changed only by `replace`
(which returns a new one), and turned into arrays by `model.world.build`.  This is the front door
of `scenario`; files are in `files.py`, words in `describe.py`, neutral values in `neutral.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, overload

from pydantic import Field, ValidationInfo, create_model, model_validator

from koubei_sim import checks
from koubei_sim.checks import Lang
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario import packages
from koubei_sim.model.scenario.checks import check
from koubei_sim.model.scenario.content import OWN_PEOPLE, Content
from koubei_sim.model.scenario.describe import describe
from koubei_sim.model.scenario.files import (
    all_preset_names,
    of_package,
    parts_of,
    read,
    save,
    to_toml,
)
from koubei_sim.model.scenario.neutral import kept_paths, neutral_paths
from koubei_sim.model.scenario.own import Mechanism
from koubei_sim.model.scenario.parameters import json_schema, set_paths, together


class Scenario(Content):
    """Everything that decides a run, but the key of its randomness.

    Parameters
    ----------
    **parts : object
        The fields of `Content`; all have defaults.  `parameter_table` lists each with unit, range,
        neutral value and provenance.

    Raises
    ------
    KoubeiError
        One line, naming the dotted path of the first fault.

    Examples
    --------
    >>> scenario = Scenario.load("tiny")
    >>> scenario.replace(**{"seeding.purity": 0.3}).seeding.purity
    0.3
    >>> scenario.replace(**{"seeding.purty": 0.3})
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: seeding.purty: unknown parameter, ..., try purity
    """

    def __iter__(self) -> Any:
        """Refuse: a scenario is one thing (`mesa.batch_run` takes what iterates for a list)."""
        raise TypeError("a scenario is one thing, not a list; scenario.to_dict() has its parts")

    def __repr__(self) -> str:
        """Say what it is in three lines; `describe` says it in words, `to_toml` in full."""
        people = self.n_agents * self.people_per_agent
        parts: dict[str, Mapping[str, object]] = {
            "channels": self.channels, "products": self.products, "activities": self.nodes,
            "events": self.events, "media": self.media, "goods": self.goods,
        }  # fmt: skip
        named = [f"  {what}: {', '.join(some)}" for what, some in parts.items() if some]
        days = f"{self.ticks:,} day{'' if self.ticks == 1 else 's'}"
        size = f"{people:,.0f} people, {self.n_agents:,} agents, {days}"
        return "\n".join([f"Scenario({self.name!r}: {size})", *named])

    __str__ = __repr__

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> Scenario:
        check(self, bool(info.context and info.context.get(OWN_PEOPLE)))
        return self

    # Making -----------------------------------------------------------------------------------

    @classmethod
    def load(cls, name: str | Path, own_people: bool = False) -> Scenario:
        """Read a preset by name, or a TOML file by path (`own_people` as in `from_dict`).

        Raises
        ------
        KoubeiError
            For an unknown preset, a missing file, a syntax error or a wrong value.
        """
        point = of_package(name)
        if point is None:
            return cls.from_dict(read(name), own_people)
        try:
            found = parts_of(point)
            if isinstance(found, Scenario):
                return found.with_mechanisms(*cls.mechanisms)
            return cls.from_dict(found, own_people)
        except KoubeiError as error:
            raise packages.named(point, error) from None

    @staticmethod
    def presets() -> tuple[str, ...]:
        """Return the names of the scenarios that come with the library and with other packages.

        See docs/own-mechanisms.md for those of other packages.

        Examples
        --------
        >>> "xiaomi" in Scenario.presets()
        True
        """
        return all_preset_names()

    @overload
    def replace(self, changes: Mapping[str, Any], **more: Any) -> Scenario: ...

    @overload
    def replace(self, **more: Any) -> Scenario: ...

    def replace(self, changes: Mapping[str, Any] | None = None, **more: Any) -> Scenario:
        """Return a new scenario with values at dotted paths changed.

        An entry of a table (a channel, an event, ...) can be added or replaced by giving it whole,
        and removed by giving None.

        Parameters
        ----------
        changes : mapping of str to object, optional
            Values by dotted path.
        **more
            The same as words: ``ticks=30``, or ``**{"seeding.purity": 0.3}``.

        Raises
        ------
        KoubeiError
            For an unknown path (with the nearest name) or a wrong value.

        Examples
        --------
        >>> s = Scenario().replace({"channels.weibo.tell": 0.04, "channels.qzone": None})
        >>> s.channels["weibo"].tell, list(s.channels)
        (0.04, ['forum', 'weibo', 'wechat'])
        """
        return self.changed(together(changes, more))

    def changed(self, changes: Mapping[str, Any], own_people: bool = False) -> Scenario:
        """Do what `replace` does (`own_people` as in `from_dict`)."""
        return self.from_dict(set_paths(self, changes), own_people)

    def neutral(
        self,
        *modules: str,
        level: Literal["kept"] | None = None,
        weights: Sequence[float] | None = None,
    ) -> Scenario:
        """Return the scenario with the named modules at their neutral value.

        Parameters
        ----------
        *modules : str
        level : {None, "kept"}
            A neutral value is that of a model without the module, so it moves the mean as well:
            without ``tiers`` everybody is believed fully, casual users too.  ``"kept"`` takes only
            the differences away and leaves the mean: of ``tiers`` (all tell as often as the mean
            user and are believed as much as the mean telling), ``stay`` (all leave as often as the
            mean user) and ``activity`` (all have the mean activity; as nobody can be online more
            than once a day, that is a little more of being online than now: 2 % in ``xiaomi``).
            Other modules are refused: their mean hangs on the network, or on how a run goes.
        weights : four numbers, optional
            For ``"kept"``: how many users are casual, loyal, die-hard and core, such as
            ``r.data.by_tier[0, 180]``.  Without it all are casual, which most users are: what is
            taken away is then what fans do more.  No single weighting keeps the mean on every
            day, for the pyramid changes; try that of an early day too.

        Raises
        ------
        KoubeiError
            For an unknown module, or one that cannot keep its level.

        Examples
        --------
        >>> Scenario().neutral("learning").products["product"].learn_quality
        0.0
        >>> Scenario().neutral("tiers").telling.credibility
        (1.0, 1.0, 1.0, 1.0)
        >>> Scenario().neutral("tiers", level="kept").telling.credibility
        (0.6, 0.6, 0.6, 0.6)
        """
        if level is None and weights is None:
            return self.replace(**neutral_paths(self, modules))
        checks.word("level", level, ("kept",))
        weights = (1.0, 0.0, 0.0, 0.0) if weights is None else weights
        return self.replace(**kept_paths(self, modules, weights))

    def with_mechanisms(self, *mechanisms: Mechanism | str) -> Scenario:
        """Return the scenario with mechanisms of the user's own, at their default values.

        Parameters
        ----------
        *mechanisms : Mechanism or str
            One of a name that is there already takes its place; a text is the name of one that an
            installed package brings.

        Raises
        ------
        KoubeiError
        """
        if not mechanisms:
            return self
        return remake(class_with(type(self), mechanisms).mechanisms, self.to_dict())

    def __reduce__(self) -> Any:
        """Take a scenario with mechanisms apart: its class exists in this process only."""
        if not self.mechanisms:
            return super().__reduce__()
        return remake, (self.mechanisms, self.to_dict())

    # Saying -----------------------------------------------------------------------------------

    def to_toml(self) -> str:
        """Return the whole scenario as TOML; reading it gives an equal scenario."""
        return to_toml(self)

    def save(self, path: str | Path) -> Path:
        """Write the TOML to `path` (to a temporary name first, then renamed)."""
        return save(self, path)

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """Return the JSON schema of a scenario, for editors and forms."""
        return json_schema(Scenario)

    def describe(self, lang: Lang = "en") -> str:
        """Say the scenario in plain words, 40-80 lines of at most 80 columns.

        Parameters
        ----------
        lang : {"en", "zh"}
        """
        return describe(self, lang)


@cache
def _class_with(plain: type[Scenario], mechanisms: tuple[Mechanism, ...]) -> type[Scenario]:
    parts: dict[str, Any] = {
        m.name: (m.part, Field(default=m.part(), description=m.description)) for m in mechanisms
    }
    made = create_model("Scenario", __base__=plain, __doc__=plain.__doc__, **parts)
    made.mechanisms = mechanisms
    return made


def class_with(plain: type[Scenario], mechanisms: object) -> type[Scenario]:
    """Return the class of scenarios with these mechanisms besides those that it has.

    Parameters
    ----------
    plain : type
        `Scenario`, or what this function returned before.
    mechanisms : Mechanism, str, or sequence of them
        One of a name that is there already takes its place; a text is the name of one that an
        installed package brings.

    Raises
    ------
    KoubeiError
        When something is no mechanism, or has the name of a part of the scenario.
    """
    given = (mechanisms,) if isinstance(mechanisms, (Mechanism, str)) else mechanisms
    if not isinstance(given, (list, tuple)):
        raise KoubeiError(
            "mechanisms", "wrong type", got=checks.shown(given), allowed="a list of kb.Mechanism"
        )
    given = [packages.mechanism(one) if isinstance(one, str) else one for one in given]
    base: Any = plain
    found = {one.name: one for one in plain.mechanisms}
    while base.mechanisms:
        base = base.__base__
    for one in given:
        if not isinstance(one, Mechanism):
            raise KoubeiError(
                "mechanisms", "not a mechanism", got=checks.shown(one), allowed="kb.Mechanism"
            )
        if one.name in base.model_fields or hasattr(base, one.name):
            raise KoubeiError(
                "mechanisms", "a part of the scenario has this name", got=one.name, fix="another"
            )
        if sum(other.name == one.name for other in given) > 1:
            raise KoubeiError("mechanisms", "two of one name", got=one.name)
        found[one.name] = one
    variables = [f"{one.name}_{column}" for one in found.values() for column in one.columns]
    for variable in variables:
        if variables.count(variable) > 1:
            raise KoubeiError("mechanisms", "two count under one name", got=variable)
    return _class_with(base, tuple(found.values())) if found else base


def remake(mechanisms: tuple[Mechanism, ...], parts: dict[str, Any]) -> Scenario:
    """Return a scenario that was taken apart to be sent to another process."""
    made = class_with(Scenario, mechanisms)
    return made.model_validate(parts, context={OWN_PEOPLE: True})
