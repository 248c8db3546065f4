"""Roles, invitations and an allow-list; proposals; archived and merged deals; channels set up from private chats."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_people"
down_revision = "20261127_search"
branch_labels = None
depends_on = None

ONE_SUBJECT = (
    "(change_id IS NOT NULL) + (claim_id IS NOT NULL) + (notice_id IS NOT NULL) + (report_id IS NOT NULL)"
    " + (feedback_id IS NOT NULL)"
)


def triggers(table: str) -> list[str]:
    """The statements that made them. They go with the table when it is rebuilt."""
    query = sa.text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")
    return list(op.get_bind().scalars(query.bindparams(table=table)))


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_person")),
    )
    op.create_table(
        "invitation",
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_invitation")),
    )
    op.create_table(
        "access",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invited_only", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("most_subscriptions", sa.Integer(), nullable=False, server_default="200"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access")),
    )
    op.create_table(
        "proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=True),
        sa.Column("typed", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("answer", sa.String(length=20), nullable=True),
        sa.Column("answered_at", sa.DateTime(), nullable=True),
        sa.Column("by", sa.BigInteger(), nullable=True),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_proposal_deal_id_deal"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscriber.id"],
            name=op.f("fk_proposal_subscriber_id_subscriber"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    for column in ("user_id", "subscriber_id", "deal_id"):
        op.create_index(op.f(f"ix_proposal_{column}"), "proposal", [column])

    # Deals are deleted from now on, in a merger, and no later one may answer to the buttons of one that went.
    kept = triggers("deal")
    with op.batch_alter_table("deal", recreate="always", table_kwargs={"sqlite_autoincrement": True}) as deal:
        deal.add_column(sa.Column("archived_at", sa.DateTime(), nullable=True))
    for statement in kept:
        op.execute(statement)

    op.add_column("subscriber", sa.Column("speaks_for", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("proposal_id", sa.Integer(), nullable=True))
        outbox.create_unique_constraint(op.f("uq_outbox_subscriber_id_proposal_id"), ["subscriber_id", "proposal_id"])
        outbox.create_foreign_key(
            op.f("fk_outbox_proposal_id_proposal"), "proposal", ["proposal_id"], ["id"], ondelete="CASCADE"
        )
        outbox.drop_constraint(op.f("ck_outbox_one_subject"), type_="check")
        outbox.create_check_constraint(op.f("ck_outbox_one_subject"), f"{ONE_SUBJECT} + (proposal_id IS NOT NULL) = 1")


def downgrade() -> None:
    op.execute("DELETE FROM outbox WHERE proposal_id IS NOT NULL")
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint(op.f("ck_outbox_one_subject"), type_="check")
        outbox.drop_constraint(op.f("fk_outbox_proposal_id_proposal"), type_="foreignkey")
        outbox.drop_constraint(op.f("uq_outbox_subscriber_id_proposal_id"), type_="unique")
        outbox.drop_column("proposal_id")
        outbox.create_check_constraint(op.f("ck_outbox_one_subject"), f"{ONE_SUBJECT} = 1")
    op.drop_column("subscriber", "speaks_for")
    kept = triggers("deal")
    with op.batch_alter_table("deal", recreate="always", table_kwargs={"sqlite_autoincrement": False}) as deal:
        deal.drop_column("archived_at")
        deal.create_primary_key(op.f("pk_deal"), ["id"])
    for statement in kept:
        op.execute(statement)

    for name in ("proposal", "access", "invitation", "person"):
        op.drop_table(name)
