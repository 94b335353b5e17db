"""From the source file's words to the warehouse's: how each entity's records become raw rows.

Belongs here: translating FieldSpec into the SQL that reads it, so that another vendor's names, codes
and time formats go in by sources.yml alone. Doesn't: reading either side's files.
"""

from collections.abc import Mapping

from sources.spec.drop_layouts import DropSpec
from sources.spec.systems import EntitySpec, SourcesSpec
from sources.spec.types import FieldSpec
from warehouse.load.landed_pages import RawField, RawShape

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
            sql=_field_sql(spec),
            is_optional=spec.optional,
        )
        for name, spec in fields.items()
    )


def _field_sql(spec: FieldSpec) -> str:
    """The SQL of one field; {value} stands for what came."""
    if spec.constant is not None:
        return _text(spec.constant)
    if spec.items is not None:
        return _items_sql(spec.items)
    sql = "{value}"
    if spec.format is not None:
        sql = _time_sql(sql, spec.format)
    if spec.map is not None:
        sql = _map_sql(sql, spec.map)
    if spec.hash:
        sql = f"person_hash({sql})"
    return sql


def _map_sql(value: str, codes: Mapping[str, str]) -> str:
    """Their words → ours; a word that the map doesn't know passes on, for staging to judge."""
    branches = " ".join(
        f"when {_text(theirs)} then {_text(ours)}" for theirs, ours in codes.items()
    )
    return f"case trim({value}) {branches} else {value} end"


def _time_sql(value: str, pattern: str) -> str:
    """A local time in their format → ISO text; what doesn't fit passes on, for staging to judge."""
    return (
        f"coalesce(strftime(try_strptime({value}, {_text(pattern)}), '%Y-%m-%dT%H:%M:%S'), {value})"
    )


def _items_sql(items: Mapping[str, FieldSpec]) -> str:
    """A list of their objects → a list of ours, as JSON text."""
    structure = (
        "[{" + ", ".join(f'"{".".join(item.path)}": "VARCHAR"' for item in items.values()) + "}]"
    )
    members = []
    for name, item in items.items():
        value = f'x."{".".join(item.path)}"'
        members.append(f'"{name}": {_field_sql(item).replace("{value}", value)}')
    # Braces that are SQL's own are doubled, because the caller fills {value} by str.format.
    shown = "{{" + ", ".join(members) + "}}"
    structure = structure.replace("{", "{{").replace("}", "}}")
    return f"to_json(list_transform(from_json({{value}}, {_text(structure)}), lambda x: {shown}))"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def hashed_fields(shapes: Mapping[str, RawShape]) -> list[tuple[str, str]]:
    """The (raw table, column) pairs that hold keyed hashes of persons."""
    return [
        (table, field.name)
        for table, shape in shapes.items()
        for field in shape.fields
        if "person_hash(" in field.sql
    ]
