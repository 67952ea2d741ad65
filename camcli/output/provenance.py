"""What made a picture, as the picture itself says it: in text chunks of a PNG, a JPEG's comment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from camcli import __version__
from camcli.output.target_words import in_words
from camcli.records import SaliencyMap
from camcli.system.control_characters import harmless

# A JPEG's comment has room for 65,533 bytes: all of the facts, at four bytes a character.
_LONGEST = 1000
_LINE_BREAKS = str.maketrans({"\n": "\\n", "\t": "\\t"})


@dataclass(frozen=True)
class Provenance:
    """What all the maps of a run were made with.

    Attributes:
        model: The network's name.
        weights: A digest of what it computes with, as `sha256:...`.
        version: That of camcli.

    """

    model: str
    weights: str
    version: str = __version__

    def facts(self, saliency_map: SaliencyMap) -> Mapping[str, str]:
        r"""Return what a picture of a map says of itself, by key.

        There are no dates and no paths of the machine, so that the same run gives the same bytes.
        Control characters and direction marks are spelt out (`\x00`); values of more than 1,000
        characters end in `...`.
        """
        return self.facts_of_all([saliency_map])

    def facts_of_all(self, maps: Sequence[SaliencyMap]) -> Mapping[str, str]:
        """Return what a picture of several maps of an image says of itself: what is in any."""
        told = {
            "Software": [f"camcli {self.version}"],
            "camcli:image": [each.item.ref.name for each in maps],
            "camcli:target": [in_words(each.target, each.meaning.sign) for each in maps],
            "camcli:class": [str(each.target.index) for each in maps],
            "camcli:method": [each.method for each in maps],
            "camcli:layer": [each.layer for each in maps],
            "camcli:model": [self.model],
            "camcli:weights": [self.weights],
        }
        return {key: _plain("; ".join(dict.fromkeys(values))) for key, values in told.items()}


def _plain(value: str) -> str:
    text = harmless(value[:_LONGEST]).translate(_LINE_BREAKS)
    return text if len(value) <= _LONGEST >= len(text) else f"{text[: _LONGEST - 3]}..."
