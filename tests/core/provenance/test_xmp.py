from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.provenance import xmp
from studio.core.provenance.record import SOURCE_TYPES

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
IPTC = 'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
MARK = xmp.Mark(source_type=SOURCE_TYPES + "trainedAlgorithmicMedia", record='{"a":"<&>"}')


def around(description: str) -> str:
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}>{description}</rdf:RDF></x:xmpmeta>'


@pytest.mark.parametrize(
    "existing",
    [
        around(f'<rdf:Description rdf:about="u:1" {IPTC} Iptc4xmpExt:DigitalSourceType="old"/>'),
        around(
            f'<rdf:Description rdf:about="u:1" {IPTC}>'
            "<Iptc4xmpExt:DigitalSourceType>old</Iptc4xmpExt:DigitalSourceType></rdf:Description>"
        ),
        around(
            '<rdf:Description rdf:about="u:1" xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
            '<e:DigitalSourceType rdf:resource="old"/></rdf:Description>'
        ),
    ],
)
def test_an_older_mark_in_any_form_is_replaced(existing: str) -> None:
    assert xmp.source_type_in(existing) == "old"
    merged = xmp.packet(MARK, existing)
    assert xmp.source_type_in(merged) == MARK.source_type
    assert "old" not in merged


@pytest.mark.parametrize("form", ["><d:rights>mine</d:rights>", " d:rights='mine'>"])
def test_what_others_wrote_stays(form: str) -> None:
    description = f'<rdf:Description rdf:about="u:1" xmlns:d="urn:d#"{form}</rdf:Description>'
    merged = xmp.packet(MARK, xmp.packet(MARK, around(description)))
    assert merged.count("mine") == 1
    assert merged.count('about="u:1"') == 2
    assert merged.count("trainedAlgorithmicMedia") == 1
    assert xmp.record_in(merged) == MARK.record
    assert xmp.without_ours(around(description)) != ""
    assert xmp.without_ours(xmp.packet(MARK)) == ""


def test_prompts_leave_and_the_mark_stays() -> None:
    description = (
        f'<rdf:Description rdf:about="" {IPTC} xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' Iptc4xmpExt:AIPromptInformation="SECRET"><dc:description><rdf:Alt><rdf:li>SECRET'
        "</rdf:li></rdf:Alt></dc:description><dc:rights>mine</dc:rights></rdf:Description>"
    )
    less = xmp.without_prompts(xmp.packet(MARK, around(description)))
    assert "SECRET" not in less and "mine" in less
    assert xmp.source_type_in(less) == MARK.source_type


@pytest.mark.parametrize(
    "existing", ["", "<a", "<rdf:RDF/>", around(""), "<!DOCTYPE a>" + around("")]
)
def test_a_broken_packet_gives_way_to_a_sound_one(existing: str) -> None:
    assert xmp.source_type_in(xmp.packet(MARK, existing)) == MARK.source_type


@given(st.text())
def test_any_text_is_read_without_an_exception(text: str) -> None:
    assert isinstance(xmp.source_type_in(text), str)
    assert xmp.source_type_in(xmp.packet(MARK, text)) == MARK.source_type


@given(st.text(st.characters(exclude_categories=[])))
def test_a_packet_is_sound_whatever_stands_in_it(text: str) -> None:
    mark = xmp.Mark(source_type=MARK.source_type, record=MARK.record, system=text)
    packet = xmp.packet(mark, xmp.packet(mark))
    packet.encode("utf-8")
    assert xmp.source_type_in(packet) == MARK.source_type
    assert xmp.record_in(packet) == MARK.record


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_every_record_comes_back_out_of_a_packet(record: str) -> None:
    mark = xmp.Mark(source_type=MARK.source_type, record=record)
    assert xmp.record_in(xmp.packet(mark)) == record
