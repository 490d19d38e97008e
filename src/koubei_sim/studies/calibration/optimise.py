"""One best point instead of a posterior: Optuna's tree-structured Parzen estimator.

Trials are kept in Optuna's own journal file, so ``optuna`` tools can read them and a killed search
goes on.  The sampler gets a fresh seed for each trial, made from the key and the number of
finished trials, so a search that was killed and resumed makes the same trials as an undisturbed
one.  All trials have the same luck (common random numbers).  Called by `calibrate`.

References
----------
Akiba, T. et al. (2019), Optuna: a next-generation hyperparameter optimization framework, KDD.
Bergstra, J. et al. (2011), Algorithms for hyper-parameter optimization, NeurIPS 24.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koubei_sim.errors import KoubeiError
from koubei_sim.studies.calibration import luck

FloatArray = NDArray[np.float64]
#: Name of the journal inside the folder of a calibration.
FILE = "optuna.log"


def search(
    objective: Callable[[FloatArray], float],
    paths: list[str],
    key: int,
    trials: int,
    folder: Path | None,
    mark: str,
    startup: int = 10,
    first: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Minimise a function of the shares of the prior.

    Parameters
    ----------
    objective : callable
        From shares, shape [parameters], to a distance (inf where it failed).
    paths : list of str
        Names of the parameters.
    key : int
    trials : int
        Finished trials in all, those of earlier calls among them.
    folder : Path or None
    mark : str
        What is being searched; a study of another mark is refused.
    startup : int
        Trials that are drawn from the prior first.
    first : array, shape [parameters], optional
        Shares of the first trial.

    Returns
    -------
    shares : array, shape [trials, parameters]
        In the order in which they were made.
    distances : array, shape [trials]

    Raises
    ------
    KoubeiError
        When Optuna is not installed or the folder holds another search.
    """
    optuna = _optuna()
    study = optuna.create_study(
        study_name="calibration",
        storage=_storage(optuna, folder),
        sampler=optuna.samplers.RandomSampler(seed=0),
        load_if_exists=True,
    )
    if study.user_attrs.setdefault("mark", mark) != mark:
        raise KoubeiError(str(folder), "holds another calibration", fix="another folder")
    study.set_user_attr("mark", mark)
    states = optuna.trial.TrialState
    for left in study.get_trials(deepcopy=False, states=(states.RUNNING, states.WAITING)):
        study.tell(left.number, state=states.FAIL)  # of a killed process: it is made again
    done = len(study.get_trials(deepcopy=False, states=(states.COMPLETE,)))
    while done < trials:
        study.sampler = optuna.samplers.TPESampler(
            seed=luck.whole_seed(key, luck.DRAW_SAMPLER, done), n_startup_trials=startup
        )
        if done == 0 and first is not None:
            study.enqueue_trial(dict(zip(paths, first.tolist())))
        trial = study.ask()
        shares = np.array([trial.suggest_float(path, 0.0, 1.0) for path in paths])
        value = float(objective(np.clip(shares, 1e-9, 1.0 - 1e-9)))
        # Optuna has no infinity to rank: a failed point counts as very far.
        study.tell(trial, min(value, 1e9))
        done += 1
    found = study.get_trials(deepcopy=False, states=(states.COMPLETE,))[:trials]
    shares = np.array([[trial.params[path] for path in paths] for trial in found])
    return np.clip(shares, 1e-9, 1.0 - 1e-9), np.array([float(trial.value) for trial in found])


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise KoubeiError(
            "method", "optuna is not installed", fix="pip install 'koubei-sim[calibrate]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _storage(optuna: Any, folder: Path | None) -> Any:
    if folder is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    backend = optuna.storages.journal.JournalFileBackend(str(folder / FILE))
    return optuna.storages.JournalStorage(backend)
