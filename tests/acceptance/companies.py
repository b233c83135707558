"""Small companies for the tests, with needs that the built-in catalogue knows."""

from __future__ import annotations

from pathlib import Path

MINUTES = """# Minutes of the operations meeting

Every week the accounts team types about 300 supplier invoices by hand into the ERP system. One in ten invoices has
an error and has to be corrected, which costs 12 hours a week.

## Customer service

The service desk answers 1,400 e-mails a month. Customers wait four days for an answer because every e-mail is read and
forwarded by hand. Our goal is to answer within one day by the end of 2027.

## Maintenance

Unplanned stops of the two presses cost 45 hours last quarter. Maintenance notes are kept on paper and nobody can
search them.
"""

TICKETS = """ticket,date,subject,hours
1041,2026-03-02,Customer asks where the order is,0.5
1042,2026-03-02,Invoice does not match the order,1.5
1043,2026-03-03,Customer asks where the order is,0.5
1044,2026-03-04,Spare part could not be found in the drawings,3
"""

STRATEGY = """Strategy 2027

We want to cut the time for quotations from nine days to three. Preparing a quotation takes an engineer six hours,
because old quotations cannot be found. Forecasts of spare parts are made by hand in a spreadsheet, and stock of slow
movers has grown by 18 percent.
"""

PROTOKOLL = """# Protokoll der Bereichsleiterrunde

Die Buchhaltung tippt jede Woche rund 300 Lieferantenrechnungen von Hand in das ERP-System ab. Jede zehnte Rechnung
hat einen Fehler und muss korrigiert werden, das kostet 12 Stunden pro Woche.

## Kundendienst

Der Kundendienst beantwortet 1.400 E-Mails im Monat. Kunden warten vier Tage auf eine Antwort, weil jede E-Mail von
Hand gelesen und weitergeleitet wird. Unser Ziel ist eine Antwort innerhalb eines Tages.

## Instandhaltung

Ungeplante Stillstände der beiden Pressen haben im letzten Quartal 45 Stunden gekostet. Die Wartungsnotizen liegen auf
Papier, niemand kann darin suchen.
"""

STRATEGIE = """Strategie 2027

Wir wollen die Angebotserstellung von neun auf drei Tage verkürzen. Ein Angebot kostet einen Ingenieur sechs Stunden,
weil alte Angebote nicht gefunden werden. Die Bedarfsprognose für Ersatzteile wird von Hand in einer Tabelle gemacht.
"""

COMPTE_RENDU = """# Compte rendu de la réunion de direction

Chaque semaine, la comptabilité saisit à la main environ 300 factures de fournisseurs dans le logiciel de gestion. Une
facture sur dix contient une erreur et doit être corrigée, ce qui prend 12 heures par semaine.

Le service client répond à 1 400 courriels par mois. Les clients attendent quatre jours une réponse, parce que chaque
courriel est lu et transmis à la main. Notre objectif est de répondre en un jour avant la fin de l'année 2027.
"""


def english(folder: Path) -> Path:
    """Write a company with three documents in English."""
    return _write(folder, {"minutes.md": MINUTES, "service/tickets.csv": TICKETS, "strategy.txt": STRATEGY})


def german(folder: Path) -> Path:
    """Write a company with two documents in German."""
    return _write(folder, {"protokoll.md": PROTOKOLL, "strategie.txt": STRATEGIE})


def french(folder: Path) -> Path:
    """Write a company with a document in French."""
    return _write(folder, {"compte-rendu.md": COMPTE_RENDU})


def _write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
