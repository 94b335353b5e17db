"""From the source file's words to the warehouse's: how each entity's records become raw rows.

Belongs here: handing each FieldSpec on as a RawField, so that another vendor's names, codes and time formats go in
by sources.yml alone. Doesn't: reading either side's files, the SQL of a field (warehouse.load.raw_field).
"""

from collections.abc import Mapping

from sources.spec.drop_layouts import DropSpec
from sources.spec.systems import EntitySpec, SourcesSpec
from sources.spec.types import FieldSpec
from warehouse.load.landed_pages import RawShape
from warehouse.load.raw_field import RawField

DROPS = "drops"


def entity_shape(system: str, name: str, entity: EntitySpec) -> RawShape:
    """The raw shape of a system's entity."""
    return RawShape(
        system=system,
        entity=name,
        key=tuple(entity.key),
        fields=_raw_fields(entity.fields),
        records_path=tuple(entity.records),
        version_field=entity.version,
        refused=entity.refused,
        required=entity.required_fields,
    )


def drop_shape(name: str, drop: DropSpec) -> RawShape:
    """The raw shape of a kind of dropped file: rows of one page {"rows": […]}, all text."""
    return RawShape(
        system=DROPS,
        entity=name,
        key=tuple(drop.key),
        fields=_raw_fields(drop.fields),
        records_path=("rows",),
        version_field=drop.version,
        is_file=True,
    )


def raw_shapes(sources: SourcesSpec) -> dict[str, RawShape]:
    """Every raw table of a source file, by its name."""
    shapes = [
        entity_shape(system, name, entity)
        for system, spec in sources.systems.items()
        for name, entity in spec.entities.items()
    ]
    shapes += [drop_shape(name, drop) for name, drop in sources.drops.items()]
    return {shape.table: shape for shape in shapes}


def _raw_fields(fields: Mapping[str, FieldSpec]) -> tuple[RawField, ...]:
    return tuple(
        RawField(
            name=name,
            path=tuple(spec.path) or (name,),
            is_json=spec.type == "json",
            constant=spec.constant,
            format=spec.format,
            words=spec.map,
            items=_raw_fields(spec.items or {}),
            is_hash=spec.hash,
            is_optional=spec.optional,
        )
        for name, spec in fields.items()
    )


def hashed_fields(shapes: Mapping[str, RawShape]) -> list[tuple[str, str]]:
    """The (raw table, column) pairs that hold keyed hashes of persons."""
    return [
        (table, field.name)
        for table, shape in shapes.items()
        for field in shape.fields
        if field.holds_hash
    ]
