"""Chats say what they want to hear, when and how; one living card per deal; decisions of persons and corrections."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_conversation"
down_revision = "20261124_uncertain_letters"
branch_labels = None
depends_on = None

TARGETS = """
    UPDATE subscription SET target = CASE
        WHEN deal_id IS NOT NULL THEN 'deal:' || deal_id
        WHEN party_key <> '' THEN 'party:' || party_key
        ELSE 'everything' END
"""
TWICE = "DELETE FROM subscription WHERE id NOT IN (SELECT min(id) FROM subscription GROUP BY subscriber_id, target)"


def subscriber_columns() -> tuple[sa.Column, ...]:
    """A column belongs to one table object, so each step makes its own."""
    return (
        sa.Column("language", sa.String(), nullable=False, server_default=""),
        sa.Column("time_zone", sa.String(), nullable=False, server_default="UTC"),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_until", sa.Integer(), nullable=True),
        sa.Column("breaks_through", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("digest", sa.String(length=20), nullable=False, server_default="off"),
        sa.Column("digest_at", sa.Integer(), nullable=False, server_default="480"),
        sa.Column("compact", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def upgrade() -> None:
    with op.batch_alter_table("subscriber", recreate="always") as subscriber:
        for column in subscriber_columns():
            subscriber.add_column(column)

    with op.batch_alter_table("subscription") as subscription:
        subscription.add_column(sa.Column("target", sa.String(), nullable=False, server_default=""))
        subscription.add_column(sa.Column("kind", sa.String(length=20), nullable=True))
        subscription.add_column(sa.Column("moves", sa.String(length=20), nullable=False, server_default="key"))
        subscription.add_column(sa.Column("silent", sa.Boolean(), nullable=False, server_default=sa.false()))
        subscription.add_column(sa.Column("words", sa.String(), nullable=False, server_default=""))
        subscription.add_column(sa.Column("muted_until", sa.DateTime(), nullable=True))
        subscription.add_column(sa.Column("topic_id", sa.Integer(), nullable=True))
        subscription.drop_constraint(op.f("uq_subscription_subscriber_id_deal_id_party_key"), type_="unique")
        subscription.drop_constraint(op.f("ck_subscription_one_target"), type_="check")
    op.execute(TARGETS)
    op.execute(TWICE)
    with op.batch_alter_table("subscription") as subscription:
        subscription.alter_column("target", server_default=None)
        subscription.alter_column("moves", server_default=None)
        subscription.alter_column("silent", server_default=None)
        subscription.alter_column("words", server_default=None)
        subscription.create_unique_constraint(op.f("uq_subscription_subscriber_id_target"), ["subscriber_id", "target"])

    op.create_table(
        "mute",
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_mute_subscriber_id_subscriber"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_mute_deal_id_deal"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("subscriber_id", "deal_id", name=op.f("pk_mute")),
    )
    op.create_table(
        "card",
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_card_subscriber_id_subscriber"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_card_deal_id_deal"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("subscriber_id", "deal_id", name=op.f("pk_card")),
    )
    op.create_index(op.f("ix_card_deal_id"), "card", ["deal_id"])

    with op.batch_alter_table("change") as change:
        change.add_column(sa.Column("undoes_id", sa.Integer(), nullable=True))
        change.add_column(sa.Column("by", sa.BigInteger(), nullable=True))
        change.add_column(sa.Column("reason", sa.String(), nullable=False, server_default=""))
        change.alter_column("stage", existing_type=sa.String(length=20), nullable=True)
        change.create_foreign_key(
            op.f("fk_change_undoes_id_change"), "change", ["undoes_id"], ["id"], ondelete="SET NULL"
        )

    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("report_id", sa.Integer(), nullable=True))
        outbox.add_column(sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false()))
        outbox.add_column(sa.Column("silent", sa.Boolean(), nullable=False, server_default=sa.false()))
        outbox.add_column(sa.Column("topic_id", sa.Integer(), nullable=True))
        outbox.create_unique_constraint(op.f("uq_outbox_subscriber_id_report_id"), ["subscriber_id", "report_id"])
        outbox.create_foreign_key(op.f("fk_outbox_report_id_claim"), "claim", ["report_id"], ["id"], ondelete="CASCADE")
        outbox.drop_constraint(op.f("ck_outbox_one_subject"), type_="check")
        outbox.create_check_constraint(
            op.f("ck_outbox_one_subject"),
            "(change_id IS NOT NULL) + (claim_id IS NOT NULL) + (notice_id IS NOT NULL) + (report_id IS NOT NULL) = 1",
        )


def downgrade() -> None:
    op.execute("DELETE FROM outbox WHERE report_id IS NOT NULL")
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint(op.f("ck_outbox_one_subject"), type_="check")
        outbox.drop_constraint(op.f("fk_outbox_report_id_claim"), type_="foreignkey")
        outbox.drop_constraint(op.f("uq_outbox_subscriber_id_report_id"), type_="unique")
        for name in ("topic_id", "silent", "held", "report_id"):
            outbox.drop_column(name)
        outbox.create_check_constraint(
            op.f("ck_outbox_one_subject"),
            "(change_id IS NOT NULL) + (claim_id IS NOT NULL) + (notice_id IS NOT NULL) = 1",
        )

    op.execute("DELETE FROM change WHERE stage IS NULL")
    with op.batch_alter_table("change") as change:
        change.drop_constraint(op.f("fk_change_undoes_id_change"), type_="foreignkey")
        change.alter_column("stage", existing_type=sa.String(length=20), nullable=False)
        for name in ("reason", "by", "undoes_id"):
            change.drop_column(name)

    op.drop_table("card")
    op.drop_table("mute")

    op.execute("DELETE FROM subscription WHERE kind IS NOT NULL")
    with op.batch_alter_table("subscription") as subscription:
        subscription.drop_constraint(op.f("uq_subscription_subscriber_id_target"), type_="unique")
        for name in ("topic_id", "muted_until", "words", "silent", "moves", "kind", "target"):
            subscription.drop_column(name)
        subscription.create_unique_constraint(
            op.f("uq_subscription_subscriber_id_deal_id_party_key"), ["subscriber_id", "deal_id", "party_key"]
        )
        subscription.create_check_constraint(op.f("ck_subscription_one_target"), "deal_id IS NULL OR party_key = ''")

    with op.batch_alter_table("subscriber", recreate="always") as subscriber:
        for column in subscriber_columns():
            subscriber.drop_column(column.name)
