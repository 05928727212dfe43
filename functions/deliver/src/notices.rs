//! Notices: to whom, once each.

use rules::activity::Activity;
use rules::ids::Username;
use rules::notice::{Audience, MAX_HELPERS, Notice};
use rules::policy::Config;
use rules::registration::{Profile, Role};
use rules::secret::NoticeToken;
use state::Fault;
use state::delivery::Claim;
use state::disowning::{Disownable, LINK_SECONDS};

use crate::messages::{NoticeText, Subject};
use crate::{Again, Deliver};

/// Accounts read at once while looking for recipients.
const PAGE: u32 = 500;

/// A notice that is being written to everyone it is for.
struct Writing<'w> {
    activity: &'w Activity,
    notice: &'w Notice,
    config: &'w Config,
    change: Option<Disownable>,
}

impl Deliver {
    /// Sends a notice to everyone it is for. Every recipient is tried, also when one fails.
    pub(crate) async fn notice(&self, activity: &Activity, notice: &Notice) -> Result<(), Again> {
        let config = self.app.store.config().await?.config;
        let change = self.disownable(activity, notice).await?;
        let writing = Writing { activity, notice, config: &config, change };
        let mut failed = None;
        for recipient in self.recipients(activity, notice).await? {
            if let Err(again) = self.one_notice(&writing, &recipient).await {
                failed = Some(again);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn one_notice(&self, writing: &Writing<'_>, recipient: &str) -> Result<(), Again> {
        let Writing { activity, notice, config, .. } = writing;
        let store = &self.app.store;
        let message = format!("{}-{}", activity.id, notice.kind.as_str());
        let now = self.app.clock.now();
        match store.claim_message(&message, recipient, &self.holder, now).await? {
            Claim::Sent => return Ok(()),
            Claim::Taken => return Err(Again::Taken),
            Claim::Send => {}
        }
        let subject = Subject::new(notice.kind, &notice.locale, activity.correlation, config);
        let link = self.link(writing, &message, recipient).await?;
        let text = NoticeText { subject, activity, link };
        let sent = self.senders.notice(recipient, &text).await;
        self.settle(&message, recipient, sent).await
    }

    /// The change that recipients of a notice may say was not theirs; none where there is no page to say it on.
    async fn disownable(
        &self,
        activity: &Activity,
        notice: &Notice,
    ) -> Result<Option<Disownable>, Again> {
        let told = activity.target.as_ref().filter(|_| notice.kind.may_be_disowned());
        let Some(username) = told.filter(|_| self.app.public_url.is_some()) else {
            return Ok(None);
        };
        let profile = self.app.store.profile(username).await?;
        Ok(profile.map(|profile| Disownable {
            username: profile.username,
            uid: profile.uid,
            notice: notice.kind,
            correlation: activity.correlation,
            expires_at: activity.at.plus_seconds(LINK_SECONDS),
            used_at: None,
        }))
    }

    /// The link for one recipient, kept before it goes out.
    async fn link(
        &self,
        writing: &Writing<'_>,
        message: &str,
        recipient: &str,
    ) -> Result<Option<String>, Again> {
        let Some((change, url)) = writing.change.as_ref().zip(self.app.public_url.as_ref()) else {
            return Ok(None);
        };
        let token = NoticeToken::derive(&self.app.keys.notice, message, recipient);
        self.app.store.offer_disowning(&token, change).await?;
        Ok(Some(format!("{url}/not-me?t={}", token.reveal())))
    }

    async fn recipients(&self, activity: &Activity, notice: &Notice) -> Result<Vec<String>, Again> {
        let concerned = activity.target.as_ref();
        let found = match (notice.audience, concerned) {
            (None, _) => notice.to.clone(),
            (Some(Audience::Person), Some(name)) => {
                let profile = self.app.store.profile(name).await?;
                profile.map(|p| p.notice_addresses()).unwrap_or_default()
            }
            (Some(Audience::Person), None) => Vec::new(),
            (Some(Audience::OtherAdministrators), name) => {
                self.people(|p| p.role() >= Role::UserAdmin, name).await?
            }
            (Some(Audience::Helpers), name) => self.helpers(name).await?,
        };
        Ok(found)
    }

    /// The help desk; if there is none, user administrators; if there is none, administrators.
    async fn helpers(&self, concerned: Option<&Username>) -> Result<Vec<String>, Fault> {
        for role in [Role::Helpdesk, Role::UserAdmin, Role::Admin] {
            let mut found = self.people(|p| p.roles.contains(&role), concerned).await?;
            if !found.is_empty() {
                found.truncate(MAX_HELPERS);
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    /// The first notice address of every enabled account that fits, but for the one concerned.
    async fn people(
        &self,
        fits: impl Fn(&Profile) -> bool,
        but: Option<&Username>,
    ) -> Result<Vec<String>, Fault> {
        let mut found: Vec<String> = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.app.store.profiles(after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after = Some(last.username.to_string());
            for profile in &page {
                let other = Some(&profile.username) != but;
                if other && profile.enabled && fits(profile) {
                    found.extend(profile.notice_addresses().into_iter().next());
                }
            }
        }
    }
}
