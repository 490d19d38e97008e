"""The Mesa face: the same numbers as `run`, and Mesa's own tools working on it."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

mesa = pytest.importorskip("mesa")

from koubei_sim import metrics  # noqa: E402
from koubei_sim.errors import KoubeiError  # noqa: E402
from koubei_sim.model.scenario import Scenario  # noqa: E402
from koubei_sim.runs import simulate  # noqa: E402
from koubei_sim.runs.mesa_model import REPORTERS, KoubeiModel  # noqa: E402

SMALL = {"n_agents": 400, "ticks": 25, "seeding__number": 10}


def _run_to_end(model):
    while model.running:
        model.step()
    return model


def test_steps_give_the_numbers_of_run():
    """Catches a model that is a day off or whose replicate is another one."""
    model = KoubeiModel("tiny", rng=5, replicate=1, **SMALL)
    result = simulate.run(model.scenario_spec, 2, rng=5)
    history = result.histories[1]
    for day in range(25):
        assert model.running
        model.step()
        assert model.tick == day + 1
        assert model.users == metrics.users(history)[day]
        assert model.loyal == metrics.loyal_and_above(history)[day]
        assert model.die_hard == metrics.die_hard_and_core(history)[day]
        assert model.aware == 400 - metrics.block(history, "stage")[day, 0]
        assert model.adoptions == metrics.adoptions(history)[day]
        assert model.quality == history.quality[day, 0]
        assert model.difficulty == history.difficulty[day, 0]
    assert not model.running
    model.step()
    assert model.tick == 25
    assert model.stage.shape == model.engagement().shape == (400,)


def test_data_collector_works_on_it():
    """Catches properties that Mesa cannot read by name."""
    model = KoubeiModel("tiny", rng=5, **SMALL)
    collector = mesa.DataCollector(model_reporters={"users": "users", "q": lambda m: m.quality})
    collector.collect(model)
    while model.running:
        model.step()
        collector.collect(model)
    frame = collector.get_model_vars_dataframe()
    history = simulate.run(model.scenario_spec, rng=5).histories[0]
    assert frame["users"].tolist() == [10, *metrics.users(history)]
    np.testing.assert_array_equal(frame["q"][1:], history.quality[:, 0])


def test_batch_run_works_on_it():
    """Catches a constructor or a datacollector that Mesa's batch_run cannot use."""
    # Newer releases of Mesa take the keys apart from the other arguments.
    newer = "rng" in inspect.signature(mesa.batch_run).parameters
    arguments = {"scenario": ["tiny"], "seeding__purity": [0.0, 1.0]}
    rows = mesa.batch_run(
        KoubeiModel,
        {**arguments, **{k: [v] for k, v in SMALL.items()}, **({} if newer else {"seed": [3]})},
        **({"rng": [3]} if newer else {"iterations": 1}),
        number_processes=1,
        data_collection_period=-1,
        display_progress=False,
    )
    assert [row["seeding__purity"] for row in rows] == [0.0, 1.0]
    for row in rows:
        alone = KoubeiModel("tiny", seed=3, seeding__purity=row["seeding__purity"], **SMALL)
        last = _run_to_end(alone)
        for name in REPORTERS:
            assert row[name] == getattr(last, name), name


def test_wrong_arguments():
    """Catches a key given twice with one of them silently lost."""
    with pytest.raises(KoubeiError, match="rng: given twice"):
        KoubeiModel("tiny", rng=1, seed=2)
    with pytest.raises(KoubeiError, match="rng: wrong type"):
        KoubeiModel("tiny", rng="dice")
    with pytest.raises(KoubeiError, match=r"seeding\.purty"):
        KoubeiModel("tiny", seeding__purty=0.1)
    with pytest.raises(KoubeiError, match="unknown block, got tierr, try tier"):
        KoubeiModel("tiny", rng=1, **SMALL).column("tierr")


def test_people_per_agent_scales():
    """Catches counts of agents where people are promised."""
    model = KoubeiModel("tiny", rng=5, people_per_agent=10.0, **{**SMALL, "seeding__number": 100})
    assert model.users == 100
    model.step()
    assert model.users % 10 == 0
    assert model.users == 10 * model.column("tier").sum()


def test_mesa_s_own_page_works_on_it(monkeypatch):
    """Catches parameters that Mesa's page refuses or loses, and a reset with other ones."""
    pytest.importorskip("solara")
    pytest.importorskip("altair")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Mesa's page and what it stands on
        import ipyvuetify
        import solara
        from mesa.visualization import Slider, SolaraViz, make_plot_component

        stepped, step = [], KoubeiModel.step

        def noted(self):
            stepped.append(self)
            step(self)

        monkeypatch.setattr(KoubeiModel, "step", noted)
        first = KoubeiModel("tiny", rng=5, **SMALL)
        asked = {
            "scenario": "tiny",
            "rng": 5,
            "changes": {"n_agents": 400, "ticks": 25},
            "seeding__number": Slider("seeds", 12, 1, 20, 1),
            "seeding__purity": {"type": "SliderFloat", "value": 0.3, "min": 0.0, "max": 1.0},
        }
        page = SolaraViz(first, components=[make_plot_component("users")], model_params=asked)
        whole = solara.AppLayout(children=[page])  # buttons stand in its bar
        _, drawn = solara.render(whole, handle_error=False)
        buttons = {button.children[0]: button for button in drawn.find(ipyvuetify.Btn).widgets}
        buttons["Step"].click()
        assert first.tick == 1 and stepped == [first]
        buttons["Reset"].click()
        buttons = {button.children[0]: button for button in drawn.find(ipyvuetify.Btn).widgets}
        buttons["Step"].click()
        drawn.close()
    second = stepped[-1]
    assert second is not first and second.tick == 1
    assert (second.scenario_spec.seeding.purity, second.scenario_spec.seeding.number) == (0.3, 12)
    again = KoubeiModel("tiny", rng=5, **SMALL | {"seeding__number": 12}, seeding__purity=0.3)
    again.step()
    assert again.users == second.users


def test_batch_run_takes_scenarios_themselves():
    """Catches scenario objects that Mesa takes apart, alone or in a list."""
    newer = "rng" in inspect.signature(mesa.batch_run).parameters
    tiny = Scenario.load("tiny").replace(n_agents=300, ticks=6)
    more = tiny.replace({"seeding.number": 30})
    for given, seeds in ((more, [30]), ([tiny, more], [tiny.seeding.number, 30])):
        rows = mesa.batch_run(
            KoubeiModel,
            {"scenario": given, **({} if newer else {"seed": [3]})},
            **({"rng": [3]} if newer else {"iterations": 1}),
            number_processes=1,
            display_progress=False,
        )
        assert [row["scenario"].seeding.number for row in rows] == seeds
        assert all(row["users"] > 0 for row in rows)
