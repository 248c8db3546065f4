"""Where merged deals lead, and their last cards; used invitations and their letters; headlines of proposals."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261130_merged"
down_revision = "20261129_speed"
branch_labels = None
depends_on = None

ONE_SUBJECT = (
    "(change_id IS NOT NULL) + (claim_id IS NOT NULL) + (notice_id IS NOT NULL) + (report_id IS NOT NULL)"
    " + (feedback_id IS NOT NULL) + (proposal_id IS NOT NULL)"
)


def upgrade() -> None:
    op.create_table(
        "merged",
        sa.Column("deal_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("into_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["into_id"], ["deal.id"], name=op.f("fk_merged_into_id_deal"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("deal_id", name=op.f("pk_merged")),
    )
    op.create_index(op.f("ix_merged_slug"), "merged", ["slug"])
    op.create_index(op.f("ix_merged_into_id"), "merged", ["into_id"])
    op.create_table(
        "last_edit",
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("merged_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscriber.id"],
            name=op.f("fk_last_edit_subscriber_id_subscriber"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["merged_id"], ["merged.deal_id"], name=op.f("fk_last_edit_merged_id_merged"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "message_id", name=op.f("pk_last_edit")),
    )
    op.create_index(op.f("ix_last_edit_merged_id"), "last_edit", ["merged_id"])

    op.add_column("proposal", sa.Column("headlines", sa.Integer(), nullable=True))
    op.add_column("invitation", sa.Column("used_at", sa.DateTime(), nullable=True))
    op.add_column("invitation", sa.Column("used_by", sa.BigInteger(), nullable=True))
    op.add_column("invitation", sa.Column("name", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("invitation_hash", sa.String(), nullable=True))
        outbox.create_unique_constraint(
            op.f("uq_outbox_subscriber_id_invitation_hash"), ["subscriber_id", "invitation_hash"]
        )
        outbox.create_foreign_key(
            op.f("fk_outbox_invitation_hash_invitation"),
            "invitation",
            ["invitation_hash"],
            ["code_hash"],
            ondelete="CASCADE",
        )
        outbox.drop_constraint(op.f("ck_outbox_one_subject"), type_="check")
        outbox.create_check_constraint(
            op.f("ck_outbox_one_subject"), f"{ONE_SUBJECT} + (invitation_hash IS NOT NULL) = 1"
        )


def downgrade() -> None:
    _write_reasons_out()
    op.execute("DELETE FROM outbox WHERE invitation_hash IS NOT NULL")
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint(op.f("ck_outbox_one_subject"), type_="check")
        outbox.drop_constraint(op.f("fk_outbox_invitation_hash_invitation"), type_="foreignkey")
        outbox.drop_constraint(op.f("uq_outbox_subscriber_id_invitation_hash"), type_="unique")
        outbox.drop_column("invitation_hash")
        outbox.create_check_constraint(op.f("ck_outbox_one_subject"), f"{ONE_SUBJECT} = 1")
    op.execute("DELETE FROM invitation WHERE used_at IS NOT NULL")  # they were deleted when they were used
    for column in ("name", "used_by", "used_at"):
        op.drop_column("invitation", column)
    op.drop_column("proposal", "headlines")
    op.drop_table("last_edit")
    op.drop_table("merged")


def _write_reasons_out() -> None:
    """Reasons are stored as words and values since; before, they were whole sentences."""
    connection = op.get_bind()
    for table, column in (("feed", "error"), ("notice", "reason")):
        rows = sa.table(table, sa.column("id"), sa.column(column))
        reason = rows.c[column]
        apart = sa.select(rows.c.id, reason).where(reason.like('["%'), sa.func.json_valid(reason))
        for row, stored in connection.execute(apart).all():
            whole = _sentence(json.loads(stored))
            connection.execute(sa.update(rows).where(rows.c.id == row).values({column: whole}))


def _sentence(part: Any) -> str:
    if not isinstance(part, list):
        return f"{part:,}" if isinstance(part, int) else str(part)
    words, values = part
    return str(words).format_map({name: _sentence(value) for name, value in values.items()})
