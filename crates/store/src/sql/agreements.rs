//! Plans, approvals and exemptions.

use keysweep_core::approval::Approval;
use keysweep_core::exemption::Exemption;
use keysweep_core::plan::digest::Digest;
use keysweep_core::ports::{Agreements, KeptPlan};
use keysweep_core::time::Instant;

use super::Sql;
use super::database::{Purpose, Row, Transaction};
use super::write::number;
use crate::error::{StoreError, StoreErrorKind};

/// A text of a column in the core's terms.
fn parsed<T>(open: &Transaction, what: &str, text: &str) -> Result<T, StoreError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    text.parse().map_err(|error: T::Err| open.error(StoreErrorKind::Damaged(format!("{what}: {error}"))))
}

fn plan(open: &Transaction, row: &Row) -> Result<KeptPlan, StoreError> {
    Ok(KeptPlan {
        digest: parsed(open, "plans.digest", &row.text(0)?)?,
        id: row.text(1)?,
        made_at: Instant::from_unix(row.int(2)?),
        text: row.text(3)?,
    })
}

fn approval(open: &Transaction, row: &Row) -> Result<Approval, StoreError> {
    Ok(Approval {
        plan: parsed(open, "approvals.plan", &row.text(0)?)?,
        by: row.text(1)?,
        account: parsed(open, "approvals.account", &format!("{:012}", row.int(2)?))?,
        arn: row.text(3)?,
        comment: row.text_or_null(4)?,
        at: Instant::from_unix(row.int(5)?),
        expires: Instant::from_unix(row.int(6)?),
    })
}

fn exemption(open: &Transaction, row: &Row) -> Result<Exemption, StoreError> {
    let id = row.text(0)?;
    let protects = parsed(open, &format!("exemption {id}"), &row.text(1)?)?;
    let (created, expires) = (Instant::from_unix(row.int(4)?), Instant::from_unix(row.int(5)?));
    Exemption::new(&id, protects, &row.text(2)?, &row.text(3)?, created, expires)
        .map_err(|error| open.error(StoreErrorKind::Damaged(format!("exemption {id}: {error}"))))
}

impl Agreements for Sql {
    type Error = StoreError;

    async fn keep_plan(&self, plan: &KeptPlan) -> Result<(), StoreError> {
        let mut open = self.database.begin(Purpose::Record).await?;
        open.execute(
            "insert into plans (digest, id, made_at, file) values ($1, $2, $3, $4) on conflict do nothing",
            vec![
                plan.digest.to_string().as_str().into(),
                plan.id.as_str().into(),
                plan.made_at.unix().into(),
                plan.text.as_str().into(),
            ],
        )
        .await?;
        let digest = plan.digest.to_string();
        let kept = open
            .row(
                "select digest, id, made_at, file from plans where digest = $1",
                vec![digest.as_str().into()],
            )
            .await?;
        let kept = kept.map(|row| self::plan(&open, &row)).transpose()?;
        if kept.as_ref() != Some(plan) {
            let what = format!("what it holds under the digest of plan {} is not that plan", plan.id);
            return Err(open.error(StoreErrorKind::Damaged(what)));
        }
        open.commit().await
    }

    async fn plans(&self) -> Result<Vec<KeptPlan>, StoreError> {
        let mut open = self.database.begin(Purpose::Ask).await?;
        let rows = open
            .rows("select digest, id, made_at, file from plans order by made_at desc, id desc", Vec::new())
            .await?;
        let plans = rows.iter().map(|row| plan(&open, row)).collect::<Result<_, _>>()?;
        Ok(plans)
    }

    async fn publish(&self, plan: Digest, at: Instant) -> Result<(), StoreError> {
        let mut open = self.database.begin(Purpose::Record).await?;
        open.execute(
            "insert into publications (plan, published_at) select digest, $2 from plans where digest = $1 on conflict do nothing",
            vec![plan.to_string().as_str().into(), at.unix().into()],
        )
        .await?;
        open.commit().await
    }

    async fn published(&self) -> Result<Vec<(Instant, KeptPlan)>, StoreError> {
        let mut open = self.database.begin(Purpose::Ask).await?;
        let rows = open
            .rows(
                "select digest, id, made_at, file, published_at from plans join publications on plan = digest order by published_at, digest",
                Vec::new(),
            )
            .await?;
        let published = rows
            .iter()
            .map(|row| Ok((Instant::from_unix(row.int(4)?), plan(&open, row)?)))
            .collect::<Result<_, StoreError>>()?;
        Ok(published)
    }

    async fn approve(&self, approval: &Approval) -> Result<(), StoreError> {
        let mut open = self.database.begin(Purpose::Record).await?;
        let plan = approval.plan.to_string();
        let last = open
            .row("select coalesce(max(number), 0) from approvals where plan = $1", vec![plan.as_str().into()])
            .await?;
        let next = last.map(|row| row.int(0)).transpose()?.unwrap_or_default().saturating_add(1);
        open.execute(
            "insert into approvals (plan, number, by_name, account, arn, comment, approved_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
            vec![
                plan.as_str().into(),
                next.into(),
                approval.by.as_str().into(),
                number(approval.account).into(),
                approval.arn.as_str().into(),
                approval.comment.as_deref().into(),
                approval.at.unix().into(),
                approval.expires.unix().into(),
            ],
        )
        .await?;
        open.commit().await
    }

    async fn approvals(&self, plan: Digest) -> Result<Vec<Approval>, StoreError> {
        let mut open = self.database.begin(Purpose::Ask).await?;
        let rows = open
            .rows(
                "select plan, by_name, account, arn, comment, approved_at, expires_at from approvals where plan = $1 order by number",
                vec![plan.to_string().as_str().into()],
            )
            .await?;
        let approvals = rows.iter().map(|row| approval(&open, row)).collect::<Result<_, _>>()?;
        Ok(approvals)
    }

    async fn exempt(&self, exemption: &Exemption) -> Result<bool, StoreError> {
        let mut open = self.database.begin(Purpose::Record).await?;
        let added = open
            .execute(
                "insert into exemptions (id, protects, reason, author, created_at, expires_at) values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
                vec![
                    exemption.id().into(),
                    exemption.protects().to_string().as_str().into(),
                    exemption.reason().into(),
                    exemption.author().into(),
                    exemption.created().unix().into(),
                    exemption.expires().unix().into(),
                ],
            )
            .await?;
        open.commit().await?;
        Ok(added == 1)
    }

    async fn remove_exemption(&self, id: &str) -> Result<bool, StoreError> {
        let mut open = self.database.begin(Purpose::Record).await?;
        let removed = open.execute("delete from exemptions where id = $1", vec![id.into()]).await?;
        open.commit().await?;
        Ok(removed == 1)
    }

    async fn kept_exemptions(&self) -> Result<Vec<Exemption>, StoreError> {
        let mut open = self.database.begin(Purpose::Ask).await?;
        let rows = open
            .rows(
                "select id, protects, reason, author, created_at, expires_at from exemptions order by id",
                Vec::new(),
            )
            .await?;
        let exemptions = rows.iter().map(|row| exemption(&open, row)).collect::<Result<_, _>>()?;
        Ok(exemptions)
    }
}
