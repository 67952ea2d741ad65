"""What every section of the configuration is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from camcli.config.scalar import read_for


class Section(BaseModel):
    """A frozen section that accepts no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _scalars_are_what_the_keys_want(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        return {
            key: read_for(fields[key].annotation if key in fields else Any, each)
            for key, each in value.items()
        }
