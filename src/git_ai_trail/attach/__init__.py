"""Attaches what was matched to git: record, note, annex and trailers; and reads them back, whoever wrote them."""
