"""Feeds know their rhythm and their troubles; entries are recognised by marks; the owner gets notices.

The old table knew entries by one key only. It is not translated: each feed is read once more as on a first fetch, which
tells nothing that is old. An article that is kept already may be kept once more; what it claims counts as a copy.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261123_polite_feeds"
down_revision = "20261122_first_tables"
branch_labels = None
depends_on = None

NO_ADDRESS_AS_TITLE = "UPDATE feed SET title = 'feed ' || id WHERE instr(title, '://') > 0 OR title = ''"
READ_ONCE_MORE = "UPDATE feed SET etag = NULL, last_modified = NULL, succeeded_at = NULL"


def feed_columns() -> tuple[sa.Column, ...]:
    """A column belongs to one table object, so each step makes its own."""
    return (
        sa.Column("pace", sa.Integer(), nullable=True),
        sa.Column("full_text", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("update_every", sa.Integer(), nullable=True),
        sa.Column("stopped_at", sa.DateTime(), nullable=True),
        sa.Column("told", sa.String(length=20), nullable=True),
        sa.Column("silence_told", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("not_before", sa.DateTime(), nullable=False, server_default="0001-01-01 00:00:00.000000"),
        sa.Column("moved_to", sa.String(), nullable=True),
        sa.Column("moved_since", sa.DateTime(), nullable=True),
        sa.Column("moved_times", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("rate", sa.Double(), nullable=False, server_default="0"),
        sa.Column("new_entry_at", sa.DateTime(), nullable=True),
        sa.Column("longest_gap", sa.Integer(), nullable=True),
        sa.Column("read_since", sa.DateTime(), nullable=True),
        sa.Column("arrivals", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("entries_seen", sa.Integer(), nullable=False, server_default="0"),
    )


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("trouble", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_notice_feed_id_feed"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(op.f("ix_notice_feed_id"), "notice", ["feed_id"])

    op.execute(READ_ONCE_MORE)
    op.drop_index(op.f("ix_entry_last_seen_at"), "entry")
    op.drop_table("entry")
    op.create_table(
        "entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("guid_mark", sa.BigInteger(), nullable=True),
        sa.Column("url_mark", sa.BigInteger(), nullable=True),
        sa.Column("title_mark", sa.BigInteger(), nullable=True),
        sa.Column("text_mark", sa.BigInteger(), nullable=True),
        sa.Column("published_at", sa.DateTime(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(), nullable=False),
        sa.Column("left_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_entry_feed_id_feed"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
    )
    op.create_index("ix_entry_guid", "entry", ["feed_id", "guid_mark"])
    op.create_index("ix_entry_url", "entry", ["feed_id", "url_mark"])
    op.create_index("ix_entry_title", "entry", ["feed_id", "title_mark"])
    op.create_index(op.f("ix_entry_left_at"), "entry", ["left_at"])

    with op.batch_alter_table("article") as article:
        article.add_column(sa.Column("entry_id", sa.Integer(), nullable=True))
        article.create_index(op.f("ix_article_entry_id"), ["entry_id"])
        article.create_foreign_key(
            op.f("fk_article_entry_id_entry"), "entry", ["entry_id"], ["id"], ondelete="SET NULL"
        )

    op.execute(NO_ADDRESS_AS_TITLE)
    with op.batch_alter_table("feed", recreate="always", table_kwargs={"sqlite_autoincrement": True}) as feed:
        for column in feed_columns():
            feed.add_column(column)

    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("notice_id", sa.Integer(), nullable=True))
        outbox.create_unique_constraint(op.f("uq_outbox_subscriber_id_notice_id"), ["subscriber_id", "notice_id"])
        outbox.create_foreign_key(
            op.f("fk_outbox_notice_id_notice"), "notice", ["notice_id"], ["id"], ondelete="CASCADE"
        )
        outbox.drop_constraint(op.f("ck_outbox_one_subject"), type_="check")
        outbox.create_check_constraint(
            op.f("ck_outbox_one_subject"),
            "(change_id IS NOT NULL) + (claim_id IS NOT NULL) + (notice_id IS NOT NULL) = 1",
        )


def downgrade() -> None:
    op.execute("DELETE FROM outbox WHERE notice_id IS NOT NULL")
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint(op.f("ck_outbox_one_subject"), type_="check")
        outbox.drop_constraint(op.f("fk_outbox_notice_id_notice"), type_="foreignkey")
        outbox.drop_constraint(op.f("uq_outbox_subscriber_id_notice_id"), type_="unique")
        outbox.drop_column("notice_id")
        outbox.create_check_constraint(op.f("ck_outbox_one_subject"), "(change_id IS NULL) <> (claim_id IS NULL)")

    with op.batch_alter_table("feed", recreate="always", table_kwargs={"sqlite_autoincrement": False}) as feed:
        for column in feed_columns():
            feed.drop_column(column.name)
        feed.create_primary_key(op.f("pk_feed"), ["id"])

    with op.batch_alter_table("article") as article:
        article.drop_constraint(op.f("fk_article_entry_id_entry"), type_="foreignkey")
        article.drop_index(op.f("ix_article_entry_id"))
        article.drop_column("entry_id")

    op.execute(READ_ONCE_MORE)
    op.drop_table("entry")
    op.create_table(
        "entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_entry_feed_id_feed"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
        sa.UniqueConstraint("feed_id", "key", name=op.f("uq_entry_feed_id_key")),
    )
    op.create_index(op.f("ix_entry_last_seen_at"), "entry", ["last_seen_at"])

    op.drop_table("notice")
