"""From audit.yaml to a generative model, and to what is wanted of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit.configuration import (
    AuditConfiguration,
    DataSection,
    GenerationSection,
    GeneratorSection,
)
from auditkit.configuration.data import AudioSection
from auditkit.configured_code import Code
from auditkit.dataset_assembly import located
from auditkit.deployed import deployed_digest
from auditkit.errors import AuditkitError, ModelError

if TYPE_CHECKING:
    from auditkit.generation.settings import GenerationSettings
    from auditkit.models.generators.wrapped import WrappedGenerator


def build_generator(
    section: GeneratorSection, code: Code, device: str
) -> tuple[WrappedGenerator, dict[str, str]]:
    """The generative model that a configuration describes, and where it came from.

    The second part holds the `digest` of a folder; see `deployed_digest`.

    Raises:
        ModelError, ConfigurationError: the folder, the code or the stored answers are wrong.
    """
    from auditkit.generation.kept import kept_generations
    from auditkit.models.generators.stored import stored_generations
    from auditkit.models.generators.wrapping import wrap_generator

    if section.answers is not None:
        return stored_generations(located(section.answers, code.base)), {}
    if section.kept is not None:
        return kept_generations(located(section.kept, code.base)), {}
    if section.folder is not None:
        folder = located(section.folder, code.base)
        made = wrap_generator(folder, device=device)
        return made, {"digest": deployed_digest(Path(folder))}
    if section.function is not None:
        return wrap_generator(code.load(section.function), device=device), {}
    assert section.factory is not None  # the section has one of five
    model, tokenizer = _made(code.load(section.factory), section.factory)
    return wrap_generator(model, tokenizer, device=device), {}


def _made(factory: Any, reference: str) -> tuple[Any, Any]:
    try:
        made = factory()
    except AuditkitError:
        raise
    except Exception as error:  # the user's code: it may raise anything
        raise ModelError(
            f"The factory {reference} failed ({type(error).__name__}: {error}).",
            mend="Mend it: it is called without arguments, and returns (model, tokenizer).",
        ) from error
    if not isinstance(made, tuple) or len(made) != 2:
        raise ModelError(
            f"The factory {reference} returned a {type(made).__name__}; expected "
            "(model, tokenizer).",
            mend="Return both: what goes in is text, and so is what comes out.",
        )
    return made


def generation_settings(section: GenerationSection, code: Code) -> GenerationSettings:
    """What is wanted of a generative audit, with the user's functions loaded and tables read.

    Raises:
        DataError, ConfigurationError: a table is missing, or a setting means nothing.
    """
    from auditkit.generation.settings import GenerationSettings

    plain: dict[str, Any] = section.model_dump(exclude_none=True, exclude={"probes"})
    for part in ("correctness", "equivalence", "grounding"):
        matching = plain[part]
        if "function" in matching:
            matching["function"] = code.load(matching["function"])
        if "folder" in matching:
            matching["folder"] = located(matching["folder"], code.base)
    plain["probes"] = {name: _probe(name, probe, code) for name, probe in section.probes.items()}
    return GenerationSettings.of(plain)


def _probe(name: str, probe: Any, code: Code) -> Any:
    from auditkit.data.whole_table import whole_table

    if probe.builtin:
        from auditkit.generation.probes import builtin_probe

        return builtin_probe(name)
    places = [located(place, code.base) for place in probe.table]
    return whole_table(places[0] if len(places) == 1 else places, csv=probe.csv, name=name)


def with_prompts(configuration: AuditConfiguration) -> DataSection:
    """The data, with the columns that the generation section names as its features.

    Where the units are speech, they are read beside the sounds.
    """
    from auditkit.generation.settings import PromptColumns

    section = configuration.data
    columns = PromptColumns(**configuration.generation.columns.model_dump())
    splits = (section.evaluation, section.training, section.outside, section.table)
    audio = section.audio or (AudioSection() if any(one and one.audio for one in splits) else None)
    if columns.spoken and audio is not None:
        beside = tuple(dict.fromkeys([*audio.beside, *columns.read]))
        return section.model_copy(update={"audio": audio.model_copy(update={"beside": beside})})
    features = dict.fromkeys([*section.features, *columns.read])
    return section.model_copy(update={"features": tuple(features)})


__all__ = ["build_generator", "generation_settings", "with_prompts"]
