"""Full-text search over articles, headlines and deals, filled from what is stored."""

from alembic import op

revision = "20261127_search"
down_revision = "20261126_feedback"
branch_labels = None
depends_on = None

TEXTS = {"article": ("title", "summary", "body"), "entry": ("title",), "deal": ("title",)}
INDEX = (
    """CREATE VIRTUAL TABLE {table}_words USING fts5(
        {columns}, content='{table}', content_rowid='id', tokenize='unicode61 remove_diacritics 2', prefix='3')""",
    "INSERT INTO {table}_words ({table}_words) VALUES ('rebuild')",
    """CREATE TRIGGER {table}_words_delete AFTER DELETE ON {table}
        WHEN old.id IN (SELECT id FROM {table}_words_docsize)
        BEGIN INSERT INTO {table}_words ({table}_words, rowid, {columns}) VALUES ('delete', old.id, {old}); END""",
    """CREATE TRIGGER {table}_words_update AFTER UPDATE OF {columns} ON {table}
        WHEN old.id IN (SELECT id FROM {table}_words_docsize) AND ({changed})
        BEGIN
            INSERT INTO {table}_words ({table}_words, rowid, {columns}) VALUES ('delete', old.id, {old});
            INSERT INTO {table}_words (rowid, {columns}) VALUES (new.id, {new});
        END""",
)
DEALS_COME = """CREATE TRIGGER deal_words_insert AFTER INSERT ON deal
    BEGIN INSERT INTO deal_words (rowid, title) VALUES (new.id, new.title); END"""


def filled(template: str, table: str, columns: tuple[str, ...]) -> str:
    old, new = ([f"{row}.{column}" for column in columns] for row in ("old", "new"))
    changed = " OR ".join(f"{before} IS NOT {after}" for before, after in zip(old, new, strict=True))
    lists = {"columns": ", ".join(columns), "old": ", ".join(old), "new": ", ".join(new), "changed": changed}
    return template.format(table=table, **lists)


def upgrade() -> None:
    for table, columns in TEXTS.items():
        for statement in INDEX:
            op.execute(filled(statement, table, columns))
    op.execute(DEALS_COME)


def downgrade() -> None:
    op.execute("DROP TRIGGER deal_words_insert")
    for name in TEXTS:
        op.execute(f"DROP TRIGGER {name}_words_update")
        op.execute(f"DROP TRIGGER {name}_words_delete")
        op.execute(f"DROP TABLE {name}_words")
