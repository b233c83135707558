"""`ask` and `mcp`: a company's documents, for people and for assistants."""

from __future__ import annotations

import click

from casebook.commands.console import as_json_text, explained, json_option, outputs_option, read_settings, with_extra


def _asked(_context: click.Context, _parameter: click.Parameter, question: str) -> str:
    if not question.strip():
        message = "it is empty: ask something"
        raise click.BadParameter(message)
    return question


@click.command()
@click.argument("company")
@click.argument("question", callback=_asked)
@click.option("--most", type=click.IntRange(1, 50), default=5, show_default=True, help="How many quotes at most.")
@outputs_option
@json_option
def ask(company: str, question: str, most: int, outputs: str | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Answer a QUESTION with what the documents of COMPANY say, word for word.

    COMPANY is its name or its folder's name below the outputs. The documents are those of its latest run. Quotes are
    looked for in the language of the question. With CASEBOOK_MODEL that model writes the answer, and sentences that
    their own quotes do not bear out are left out; without it nothing is sent anywhere.

    \b
    Example:
      casebook ask "Nordwerk Pumpen GmbH" "Wie viele Bestellungen werden am Tag abgetippt?"
    """  # noqa: D301
    with explained():
        from casebook.answering import place_of  # noqa: PLC0415
        from casebook.bootstrap import answer as answered  # noqa: PLC0415

        answer = answered(read_settings(outputs), company, question, most=most)
    if as_json:
        quotes = [
            {
                "id": quote.id,
                "text": quote.text,
                "source": answer.sources[quote.source_id],
                "place": place_of(quote.locator),
                "start": quote.start,
                "end": quote.end,
            }
            for quote in answer.quotes
        ]
        sentences = [{"text": sentence.text, "quote_ids": sentence.quote_ids} for sentence in answer.sentences]
        click.echo(as_json_text({"question": question, "sentences": sentences, "quotes": quotes}))
        return
    for sentence in answer.sentences:
        click.echo(f"{sentence.text} [{', '.join(sentence.quote_ids)}]\n")
    for quote in answer.quotes:
        where = ", ".join(part for part in (answer.sources[quote.source_id], place_of(quote.locator)) if part)
        mark = f"[{quote.id}] " if answer.sentences else ""
        click.echo(f"{mark}“{' '.join(quote.text.split())}”\n  — {where}\n")
    if not answer.quotes:
        click.echo(
            "The documents say nothing to this, or say it in other words: ask with words they may use.", err=True
        )


@click.command()
@click.argument("company")
@outputs_option
def mcp(company: str, outputs: str | None) -> None:
    """Let an assistant search the documents of COMPANY: a server of the Model Context Protocol on stdin and stdout.

    It offers two tools, `search` and `fetch`, over this one company and nothing else, in the form that deep-research
    models expect. Who may start this command may read the company's folder anyway; it opens no port.

    \b
    In a desktop assistant's settings:
      {"mcpServers": {"casebook": {"command": "casebook", "args": ["mcp", "Acme GmbH", "--outputs", "/path/outputs"]}}}
    """  # noqa: D301
    with explained(), with_extra("mcp"):
        from casebook.bootstrap import company_evidence  # noqa: PLC0415
        from casebook.evidence_server import serve_evidence  # noqa: PLC0415

        serve_evidence(company_evidence(read_settings(outputs), company), company)
