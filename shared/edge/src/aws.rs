//! AWS clients, built by hand: no credential chain, no file look-ups, embedded roots, ring. This is what keeps a cold
//! start at a few milliseconds.

use std::time::Duration;

use aws_sdk_dynamodb::config::{
    BehaviorVersion, Credentials, Region, SharedHttpClient, retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use crate::settings::variable;

/// Amazon Root CA 1–4 and Starfield Services Root G2: what AWS endpoints are signed by.
const ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// One try of a call: well below a function's own time-out.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// All tries of a call together.
pub const OPERATION_TIMEOUT: Duration = Duration::from_millis(4_000);

/// What every client is built from. The services' configuration types differ; these parts are the same.
#[derive(Clone)]
pub struct Parts {
    /// From `AWS_REGION`.
    pub region: Region,
    /// From Lambda's variables.
    pub credentials: Credentials,
    /// One connection pool for all clients.
    pub http: SharedHttpClient,
}

impl Parts {
    /// Reads region and keys from Lambda's variables.
    ///
    /// # Errors
    /// When the embedded roots cannot be read, which a test rules out.
    pub fn from_env(region: &str) -> Result<Self, Broken> {
        let key = |name: &str| variable(name).unwrap_or_default();
        let credentials = Credentials::new(
            key("AWS_ACCESS_KEY_ID"),
            key("AWS_SECRET_ACCESS_KEY"),
            variable("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(tls()?)
            .build_https();
        Ok(Self { region: Region::new(region.to_owned()), credentials, http })
    }

    /// Time-outs of every client.
    pub fn timeouts() -> TimeoutConfig {
        TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build()
    }

    /// The SDK's own retries: three tries. Every write is safe to send again.
    pub fn retries() -> RetryConfig {
        RetryConfig::standard().with_max_attempts(3)
    }

    /// The DynamoDB client.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::config::Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(self.region.clone())
            .credentials_provider(self.credentials.clone())
            .http_client(self.http.clone())
            .timeout_config(Self::timeouts())
            .retry_config(Self::retries());
        let config = match endpoint("DYNAMODB") {
            Some(url) => config.endpoint_url(url),
            None => config,
        };
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }
}

/// `AWS_ENDPOINT_URL_<SERVICE>`, then `AWS_ENDPOINT_URL`: a client built by hand has to look itself.
pub fn endpoint(service: &str) -> Option<String> {
    variable(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| variable("AWS_ENDPOINT_URL"))
}

type Broken = Box<dyn std::error::Error + Send + Sync>;

fn tls() -> Result<TlsContext, Broken> {
    let roots = TrustStore::empty().with_pem_certificate(ROOTS);
    Ok(TlsContext::builder().with_trust_store(roots).build()?)
}

/// A connection for a call that no SDK client makes.
///
/// # Errors
/// When the embedded roots cannot be read.
pub fn connector() -> Result<Connector, Broken> {
    let provider = Provider::Rustls(CryptoMode::Ring);
    Ok(Connector::builder().tls_provider(provider).tls_context(tls()?).build())
}
