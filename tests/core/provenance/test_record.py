from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.core.provenance import (
    Ingredient,
    Origin,
    ProvenanceRecord,
    embed,
    read_bytes,
    record_from_json,
    record_to_json,
)
from tests.core.provenance.samples import PROMPT, record

# What JSON in UTF-8 can hold; lone surrogates are no text and come back as they went in, too.
texts = st.text(max_size=60)
ingredients = st.builds(Ingredient, title=texts, media_type=texts, sha256=texts, source_type=texts)
records = st.builds(
    ProvenanceRecord,
    request=texts,
    model=texts,
    model_title=texts,
    licence=texts,
    backend=texts,
    app_version=texts,
    created_at=texts,
    kind=texts,
    origin=st.sampled_from(Origin),
    content_sha256=texts,
    ingredients=st.lists(ingredients, max_size=3).map(tuple),
)


@given(records)
def test_a_record_comes_back_as_it_went(given_record: ProvenanceRecord) -> None:
    line = record_to_json(given_record)
    assert record_from_json(line) == given_record
    assert line.isascii() and "\n" not in line


@given(records)
def test_a_record_comes_back_out_of_a_text(given_record: ProvenanceRecord) -> None:
    found = read_bytes(embed(b"text\n", ".md", given_record), ".md")
    assert found is not None
    assert dataclasses.replace(found, content_sha256="") == dataclasses.replace(
        given_record, content_sha256=""
    )


@given(
    st.recursive(
        st.none() | st.integers() | texts, lambda s: st.lists(s) | st.dictionaries(texts, s)
    )
)
def test_foreign_json_is_refused_with_a_sentence(value: object) -> None:
    with pytest.raises(BadInputError) as caught:
        record_from_json(json.dumps(value))
    assert caught.value.user_message.endswith(".")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        '{"schema": true}',
        '{"schema": "1"}',
        '{"schema": 1, "model": 3}',
        '{"schema": 1, "origin": "by magic"}',
        '{"schema": 1, "ingredients": {}}',
        '{"schema": 1, "ingredients": [3]}',
        '{"schema": 1, "ingredients": [{"title": null}]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_record_is_refused(line: str) -> None:
    with pytest.raises(BadInputError):
        record_from_json(line)


def test_a_newer_schema_is_read_as_far_as_it_is_known() -> None:
    plain = json.loads(record_to_json(record())) | {"schema": 9, "mood": {"deep": [1]}}
    plain["ingredients"] = [{"title": "a.png", "weight": 0.5}]
    found = record_from_json(json.dumps(plain))
    assert found.schema == 9
    assert found.ingredients == (Ingredient(title="a.png"),)


def test_without_prompt_keeps_only_what_the_user_did_not_write() -> None:
    full = dataclasses.replace(record(), ingredients=(Ingredient(title="my cat.png", sha256="1"),))
    less = full.without_prompt()
    assert json.loads(less.request) == {
        "capability": "text.generate",
        "format": 1,
        "kind": "text",
        "model": "",
    }
    assert less.ingredients == (Ingredient(sha256="1"),)
    assert full.has_prompt and not less.has_prompt
    assert less.without_prompt() == less
    assert (less.model, less.licence, less.origin) == (full.model, full.licence, full.origin)


def test_a_result_can_be_made_again_from_its_record() -> None:
    request = record().make_again()
    assert request.prompt == PROMPT.replace("’", "’")  # type: ignore[attr-defined]
    assert request.seed == 7
    with pytest.raises(BadInputError, match="does not say"):
        record().without_prompt().make_again()
    with pytest.raises(BadInputError):
        ProvenanceRecord().make_again()


def test_a_request_that_cannot_be_read_leaves_no_trace_when_shared() -> None:
    assert ProvenanceRecord(request="not json: my secret").without_prompt().request == ""
    assert ProvenanceRecord(request="[" * 99_999).without_prompt().request == ""


def test_a_request_that_is_no_object_leaves_no_trace_when_shared() -> None:
    assert ProvenanceRecord(request='["format"]').without_prompt().request == ""
    assert ProvenanceRecord(request='"format"').without_prompt().request == ""


def test_the_time_is_kept_in_utc() -> None:
    moment = datetime(2026, 11, 22, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert record(created_at=moment).created_at == "2026-11-21T23:30:00Z"
