"""A letter counts the attempts whose answer got lost."""

import sqlalchemy as sa
from alembic import op

revision = "20261124_uncertain_letters"
down_revision = "20261123_polite_feeds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outbox", recreate="always") as outbox:
        outbox.add_column(sa.Column("uncertain", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("outbox", recreate="always") as outbox:
        outbox.drop_column("uncertain")
