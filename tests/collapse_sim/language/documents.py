"""What tests ask of documents."""


def characters(documents) -> int:
    return sum(len(document.text) for document in documents)


def domains(documents) -> dict[str, list[str]]:
    names = sorted({document.domain for document in documents})
    return {name: [d.text for d in documents if d.domain == name] for name in names}
