//! Settings of a function, read from the environment once at start; everything wrong is reported together.

use state::Tables;

/// Where a function finds its tables and its root secret.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `STATE_TABLE`, `ACTIVITY_TABLE`.
    pub tables: Tables,
    /// `ROOT_SECRET_PARAMETER`: name of the SSM SecureString that holds the root secret, base64.
    pub root_secret_parameter: String,
    /// `AWS_REGION`, set by Lambda.
    pub region: String,
}

/// Settings that are missing, all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing(pub Vec<&'static str>);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "settings missing from the environment: {}", self.0.join(", "))
    }
}

impl std::error::Error for Missing {}

/// One variable, if it is set and not empty.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// Names every variable that is missing.
    pub fn from_env() -> Result<Self, Missing> {
        let mut missing = Vec::new();
        let mut need = |name: &'static str| {
            variable(name).unwrap_or_else(|| {
                missing.push(name);
                String::new()
            })
        };
        let settings = Self {
            tables: Tables { state: need("STATE_TABLE"), activity: need("ACTIVITY_TABLE") },
            root_secret_parameter: need("ROOT_SECRET_PARAMETER"),
            region: need("AWS_REGION"),
        };
        if missing.is_empty() { Ok(settings) } else { Err(Missing(missing)) }
    }
}
