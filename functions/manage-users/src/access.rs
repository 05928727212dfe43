//! Who may do what to whom (ADM-02). Everything here is decided on values; the callers' roles are those of this moment.

use axum::extract::FromRequestParts;
use edge::{App, Caller, Problem};
use http::request::Parts;
use rules::refusal::Refusal;
use rules::registration::{Profile, Role};

/// A caller of the help desk or above. Refused before a body is read.
pub struct Helper(pub Caller);

/// A caller who manages people: a user administrator or an administrator. Refused before a body is read.
pub struct Manager(pub Caller);

impl FromRequestParts<App> for Helper {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        caller.require(Role::Helpdesk)?;
        Ok(Self(caller))
    }
}

impl FromRequestParts<App> for Manager {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        caller.require(Role::UserAdmin)?;
        Ok(Self(caller))
    }
}

/// The help desk acts on plain users and readers, user administrators on those and the help desk, administrators on
/// everybody.
///
/// # Refuses
/// `Forbidden`.
pub fn may_act(actor: Role, target: Role) -> Result<(), Refusal> {
    let highest = match actor {
        Role::User | Role::ReportsReader => None,
        Role::Helpdesk => Some(Role::ReportsReader),
        Role::UserAdmin => Some(Role::Helpdesk),
        Role::Admin => Some(Role::Admin),
    };
    if highest.is_some_and(|highest| target <= highest) { Ok(()) } else { Err(Refusal::Forbidden) }
}

/// As [`may_act`], and never to oneself: a reset by this route, a deletion.
///
/// # Refuses
/// `Forbidden`.
pub fn may_act_on_another(actor: &Profile, target: &Profile) -> Result<(), Refusal> {
    if actor.username == target.username {
        return Err(Refusal::Forbidden);
    }
    may_act(actor.role(), target.role())
}

/// Whether an account may be made what it is to be: both what it is and what it becomes must be in reach, and nobody
/// changes their own roles or disables themselves.
///
/// # Refuses
/// `Forbidden`.
pub fn may_put(actor: &Profile, old: Option<&Profile>, new: &Profile) -> Result<(), Refusal> {
    if let Some(old) = old {
        may_act(actor.role(), old.role())?;
    }
    may_act(actor.role(), new.role())?;
    let kept = old.is_some_and(|old| old.roles == new.roles && old.enabled == new.enabled);
    if kept || actor.username != new.username { Ok(()) } else { Err(Refusal::Forbidden) }
}

/// Whether a change takes an administrator's rights away; `None` for a deletion.
pub fn unseats(old: &Profile, new: Option<&Profile>) -> bool {
    let seated = |p: &Profile| p.enabled && p.role() == Role::Admin;
    seated(old) && !new.is_some_and(seated)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rules::ids::{Millis, Username};

    use super::*;

    const ROLES: [Role; 5] =
        [Role::User, Role::ReportsReader, Role::Helpdesk, Role::UserAdmin, Role::Admin];

    fn person(name: &str, role: Role) -> Profile {
        let mut profile = Profile::new(Username::parse(name).unwrap(), "uid".into(), Millis(0));
        profile.roles = BTreeSet::from([role]);
        profile
    }

    #[test]
    fn each_role_reaches_exactly_those_below_it_and_administrators_everybody() {
        let reached = |actor| ROLES.map(|target| may_act(actor, target).is_ok());
        assert_eq!(reached(Role::User), [false; 5]);
        assert_eq!(reached(Role::ReportsReader), [false; 5]);
        assert_eq!(reached(Role::Helpdesk), [true, true, false, false, false]);
        assert_eq!(reached(Role::UserAdmin), [true, true, true, false, false]);
        assert_eq!(reached(Role::Admin), [true; 5]);
    }

    #[test]
    fn nobody_grants_what_is_out_of_their_reach() {
        for actor in ROLES {
            for old in ROLES {
                for new in ROLES {
                    let (a, o, n) = (person("a", actor), person("b", old), person("b", new));
                    let both = may_act(actor, old).is_ok() && may_act(actor, new).is_ok();
                    assert_eq!(
                        may_put(&a, Some(&o), &n).is_ok(),
                        both,
                        "{actor:?} {old:?} {new:?}"
                    );
                }
            }
        }
        assert!(may_put(&person("a", Role::UserAdmin), None, &person("b", Role::Helpdesk)).is_ok());
        assert!(
            may_put(&person("a", Role::UserAdmin), None, &person("b", Role::UserAdmin)).is_err()
        );
    }

    #[test]
    fn an_administrator_may_change_their_own_data_but_not_their_standing() {
        let me = person("a", Role::Admin);
        let mut renamed = me.clone();
        renamed.display_name = Some("A".into());
        assert!(may_put(&me, Some(&me), &renamed).is_ok());
        let mut more = me.clone();
        more.roles.insert(Role::Helpdesk);
        assert!(may_put(&me, Some(&me), &more).is_err());
        let disabled = Profile { enabled: false, ..me.clone() };
        assert!(may_put(&me, Some(&me), &disabled).is_err());
        assert!(may_act_on_another(&me, &me).is_err());
    }

    #[test]
    fn disabling_demoting_and_deleting_unseat_an_administrator() {
        let admin = person("a", Role::Admin);
        let disabled = Profile { enabled: false, ..admin.clone() };
        assert!(unseats(&admin, None));
        assert!(unseats(&admin, Some(&disabled)));
        assert!(unseats(&admin, Some(&person("a", Role::UserAdmin))));
        assert!(!unseats(&admin, Some(&admin)));
        assert!(!unseats(&disabled, None));
        assert!(!unseats(&person("a", Role::UserAdmin), None));
    }
}
