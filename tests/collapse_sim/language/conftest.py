"""A corpus that takes seconds to read."""

import pytest

from collapse_sim.language.corpus import Document, python_corpus


@pytest.fixture(scope="session")
def python_documents() -> list[Document]:
    return python_corpus()
