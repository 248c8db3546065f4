"""People say what is wrong with a change, the owner is asked, and they hear what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_feedback"
down_revision = "20261125_conversation"
branch_labels = None
depends_on = None

ONE_SUBJECT = "(change_id IS NOT NULL) + (claim_id IS NOT NULL) + (notice_id IS NOT NULL) + (report_id IS NOT NULL)"


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["change_id"], ["change.id"], name=op.f("fk_feedback_change_id_change"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("change_id", name=op.f("uq_feedback_change_id")),
    )
    op.create_table(
        "complaint",
        sa.Column("feedback_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=True),
        sa.Column("fault", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feedback_id"], ["feedback.id"], name=op.f("fk_complaint_feedback_id_feedback"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscriber.id"],
            name=op.f("fk_complaint_subscriber_id_subscriber"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("feedback_id", "user_id", name=op.f("pk_complaint")),
    )
    op.create_index(op.f("ix_complaint_subscriber_id"), "complaint", ["subscriber_id"])
    op.create_index("ix_complaint_user_id_at", "complaint", ["user_id", "at"])

    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("feedback_id", sa.Integer(), nullable=True))
        outbox.create_unique_constraint(op.f("uq_outbox_subscriber_id_feedback_id"), ["subscriber_id", "feedback_id"])
        outbox.create_foreign_key(
            op.f("fk_outbox_feedback_id_feedback"), "feedback", ["feedback_id"], ["id"], ondelete="CASCADE"
        )
        outbox.drop_constraint(op.f("ck_outbox_one_subject"), type_="check")
        outbox.create_check_constraint(op.f("ck_outbox_one_subject"), f"{ONE_SUBJECT} + (feedback_id IS NOT NULL) = 1")


def downgrade() -> None:
    op.execute("DELETE FROM outbox WHERE feedback_id IS NOT NULL")
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint(op.f("ck_outbox_one_subject"), type_="check")
        outbox.drop_constraint(op.f("fk_outbox_feedback_id_feedback"), type_="foreignkey")
        outbox.drop_constraint(op.f("uq_outbox_subscriber_id_feedback_id"), type_="unique")
        outbox.drop_column("feedback_id")
        outbox.create_check_constraint(op.f("ck_outbox_one_subject"), f"{ONE_SUBJECT} = 1")
    op.drop_table("complaint")
    op.drop_table("feedback")
