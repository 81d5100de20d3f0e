"""What schemathesis must be told: JSON lines are sent as text, a value to a line."""

import json

import schemathesis
from schemathesis import DeserializationContext, Response, SerializationContext

JSON_LINES = "application/x-ndjson"


@schemathesis.serializer(JSON_LINES)
def lines_of(_context: SerializationContext, values: object) -> bytes:
    if isinstance(values, str):
        return values.encode("utf-8", "surrogatepass")
    listed = values if isinstance(values, list) else [values]
    return "".join(f"{json.dumps(value)}\n" for value in listed).encode()


@schemathesis.deserializer(JSON_LINES)
def values_of(_context: DeserializationContext, answer: Response) -> list[object]:
    return [json.loads(line) for line in answer.content.splitlines()]
