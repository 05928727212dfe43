//! The connector under unmodified SDK clients: store, providers, every kind of fault, traces.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end where it fails")]

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use sspr::clock::Clock;
use sspr::connector::Connector;
use sspr::engine::{ACTIVITY, Engine, STATE};
use sspr::fault::{Faults, Kind, Order, Service};
use sspr::outbox::{Channel, Outbox};
use sspr::trace::Traces;

struct Bench {
    connector: Connector,
    faults: Arc<Faults>,
    outbox: Arc<Outbox>,
    changed: Arc<tokio::sync::Notify>,
}

impl Bench {
    fn new() -> Self {
        Self::on(Engine::memory().unwrap(), Outbox::new(Clock::new()))
    }

    fn on(engine: Engine, outbox: Outbox) -> Self {
        let (outbox, faults) = (Arc::new(outbox), Arc::new(Faults::default()));
        let changed = Arc::new(tokio::sync::Notify::new());
        let connector =
            Connector::new(engine, Arc::clone(&outbox), Arc::clone(&faults), Arc::clone(&changed));
        Self { connector, faults, outbox, changed }
    }

    fn fault(&self, service: Service, operation: &str, kind: Kind) {
        let operation = operation.to_owned();
        self.faults.add(Order { service, operation, kind, count: 1, skip: 0, function: None });
    }

    fn dynamodb(&self, retries: RetryConfig) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("a", "b", None, None, "t"))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(retries)
            .http_client(self.connector.clone());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }
}

/// The three providers' clients are configured alike, by three types.
macro_rules! client {
    ($service:ident, $bench:expr) => {
        $service::Client::from_conf(
            $service::Config::builder()
                .behavior_version($service::config::BehaviorVersion::latest())
                .region($service::config::Region::new("us-east-1"))
                .credentials_provider($service::config::Credentials::new("a", "b", None, None, "t"))
                .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
                .http_client($bench.connector.clone())
                .build(),
        )
    };
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

async fn count(client: &aws_sdk_dynamodb::Client) -> Option<String> {
    let item = client
        .get_item()
        .table_name(STATE)
        .key("pk", text("counter"))
        .key("sk", text("a"))
        .consistent_read(true)
        .send()
        .await
        .unwrap();
    item.item.map(|item| item["n"].as_n().unwrap().clone())
}

async fn add_one(client: &aws_sdk_dynamodb::Client) -> Result<(), aws_sdk_dynamodb::Error> {
    client
        .update_item()
        .table_name(STATE)
        .key("pk", text("counter"))
        .key("sk", text("a"))
        .update_expression("ADD n :one")
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
        .send()
        .await?;
    Ok(())
}

fn put(table: &str, pk: &str) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(table)
        .item("pk", text(pk))
        .item("sk", text("a"))
        .item("user", text("alice"))
        .build()
        .unwrap();
    TransactWriteItem::builder().put(put).build()
}

#[tokio::test]
async fn a_counter_is_written_and_read_through_the_sdk() {
    let bench = Bench::new();
    let client = bench.dynamodb(RetryConfig::disabled());
    assert_eq!(count(&client).await, None);
    add_one(&client).await.unwrap();
    add_one(&client).await.unwrap();
    assert_eq!(count(&client).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn faults_that_are_not_applied_change_nothing() {
    for kind in [Kind::Throttle, Kind::Error, Kind::Timeout, Kind::Conflict] {
        let bench = Bench::new();
        let client = bench.dynamodb(RetryConfig::disabled());
        bench.fault(Service::Dynamodb, "UpdateItem", kind);
        assert!(add_one(&client).await.is_err(), "{kind:?}");
        assert_eq!(count(&client).await, None, "{kind:?}");
    }
}

#[tokio::test]
async fn the_sdk_resends_throttled_broken_and_silent_calls() {
    for kind in [Kind::Throttle, Kind::Error, Kind::Timeout] {
        let bench = Bench::new();
        let client = bench.dynamodb(RetryConfig::standard());
        bench.fault(Service::Dynamodb, "*", kind);
        add_one(&client).await.unwrap();
        assert_eq!(count(&client).await.as_deref(), Some("1"), "{kind:?}");
    }
}

#[tokio::test]
async fn applied_then_lost_is_applied_and_a_resend_doubles_a_relative_update() {
    let bench = Bench::new();
    let client = bench.dynamodb(RetryConfig::disabled());
    bench.fault(Service::Dynamodb, "UpdateItem", Kind::AppliedThenLost);
    assert!(add_one(&client).await.is_err());
    assert_eq!(count(&client).await.as_deref(), Some("1"));

    let client = bench.dynamodb(RetryConfig::standard());
    bench.fault(Service::Dynamodb, "UpdateItem", Kind::AppliedThenLost);
    add_one(&client).await.unwrap();
    assert_eq!(count(&client).await.as_deref(), Some("3"), "the seam shows what a resend does");
}

#[tokio::test]
async fn a_slow_call_is_answered_within_an_attempt() {
    let bench = Bench::new();
    let client = bench.dynamodb(RetryConfig::disabled());
    bench.fault(Service::Dynamodb, "UpdateItem", Kind::Slow);
    tokio::time::timeout(Duration::from_secs(1), add_one(&client)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_conflict_names_the_position_as_dynamodb_does() {
    let bench = Bench::new();
    let client = bench.dynamodb(RetryConfig::standard());
    bench.fault(Service::Dynamodb, "TransactWriteItems", Kind::Conflict);
    let write = client.transact_write_items().transact_items(put(STATE, "x"));
    let refused = write.transact_items(put(ACTIVITY, "x")).send().await.unwrap_err();
    let refused = refused.into_service_error();
    assert_eq!(refused.code(), Some("TransactionCanceledException"));
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(reasons) = refused else {
        panic!("{refused:?}");
    };
    let codes: Vec<_> = reasons.cancellation_reasons().iter().filter_map(|r| r.code()).collect();
    assert_eq!(codes, ["TransactionConflict", "None"]);
}

#[tokio::test]
async fn a_trace_lists_calls_sizes_and_units_in_the_order_they_began() {
    let bench = Bench::new();
    let client = bench.dynamodb(RetryConfig::disabled());
    let traces = Traces::default();
    let work = async {
        let _ = tokio::join!(count(&client), add_one(&client));
        let both = client.transact_write_items().transact_items(put(STATE, "x"));
        both.transact_items(put(ACTIVITY, "x")).send().await.unwrap();
    };
    traces.of(work, |()| Some("ABCD-EFGH".to_owned())).await;
    let seen = traces.find(Some("ABCD-EFGH"), None);
    let rows: Vec<_> = seen
        .iter()
        .map(|call| (call.operation.as_str(), call.table.as_deref().unwrap(), call.consumed))
        .collect();
    assert_eq!(
        rows,
        [
            ("GetItem", "state", 1.0),
            ("UpdateItem", "state", 1.0),
            ("TransactWriteItems", "activity,state", 5.0)
        ]
    );
    assert!(seen.iter().all(|call| call.request_bytes > 0 && call.response_bytes > 0));
}

#[tokio::test]
async fn a_write_to_the_activity_table_wakes_the_stream() {
    let bench = Bench::new();
    let client = bench.dynamodb(RetryConfig::disabled());
    add_one(&client).await.unwrap();
    let short = Duration::from_millis(20);
    assert!(tokio::time::timeout(short, bench.changed.notified()).await.is_err());
    client.transact_write_items().transact_items(put(ACTIVITY, "x")).send().await.unwrap();
    assert!(tokio::time::timeout(short, bench.changed.notified()).await.is_ok());
}

#[tokio::test]
async fn a_mail_of_the_ses_client_arrives_in_the_outbox() {
    use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageTag};
    let bench = Bench::new();
    let words = |data: &str| Content::builder().data(data).build().unwrap();
    let body = Body::builder().text(words("hello")).html(words("<p>hello</p>")).build();
    let message = Message::builder().subject(words("Subject")).body(body).build();
    let tag = |name, value| MessageTag::builder().name(name).value(value).build().unwrap();
    let sent = client!(aws_sdk_sesv2, bench)
        .send_email()
        .from_email_address("no-reply@example.com")
        .destination(Destination::builder().to_addresses("alice@home.example").build())
        .content(EmailContent::builder().simple(message).build())
        .email_tags(tag("kind", "code"))
        .email_tags(tag("locale", "pt-BR"))
        .email_tags(tag("correlation_id", "9K3F-72QP"))
        .send()
        .await
        .unwrap();
    assert_eq!(sent.message_id(), Some("local-1"));
    let message = bench.outbox.messages(Some("alice@home.example"), 0).remove(0).draft;
    assert_eq!((message.channel, message.kind.as_deref()), (Channel::Email, Some("code")));
    assert_eq!((message.text.as_str(), message.html.as_deref()), ("hello", Some("<p>hello</p>")));
    assert_eq!(message.subject.as_deref(), Some("Subject"));
    assert_eq!(message.locale.as_deref(), Some("pt-BR"));
    assert_eq!(message.correlation_id.as_deref(), Some("9K3F-72QP"));
}

#[tokio::test]
async fn a_text_of_the_sns_client_arrives_in_the_outbox_despite_a_throttle() {
    use aws_sdk_sns::types::MessageAttributeValue;
    let bench = Bench::new();
    bench.fault(Service::Sns, "Publish", Kind::Throttle);
    let value =
        |value| MessageAttributeValue::builder().data_type("String").string_value(value).build();
    let sent = client!(aws_sdk_sns, bench)
        .publish()
        .phone_number("+441632960123")
        .message("123 & 456\n@example.com #123")
        .message_attributes("kind", value("code").unwrap())
        .message_attributes("correlation_id", value("9K3F-72QP").unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(sent.message_id(), Some("local-1"));
    let message = bench.outbox.messages(None, 0).remove(0).draft;
    assert_eq!((message.channel, message.to.as_str()), (Channel::Sms, "+441632960123"));
    assert_eq!(message.text, "123 & 456\n@example.com #123");
    assert_eq!(message.kind.as_deref(), Some("code"));
    assert_eq!(message.correlation_id.as_deref(), Some("9K3F-72QP"));
}

#[tokio::test]
async fn a_call_of_the_voice_client_arrives_in_the_outbox() {
    let bench = Bench::new();
    bench.fault(Service::Voice, "SendVoiceMessage", Kind::Error);
    client!(aws_sdk_pinpointsmsvoicev2, bench)
        .send_voice_message()
        .destination_phone_number("+441632960123")
        .origination_identity("+441632960999")
        .message_body("<speak>1 2 3</speak>")
        .context("kind", "code")
        .send()
        .await
        .unwrap();
    let message = bench.outbox.messages(None, 0).remove(0).draft;
    assert_eq!((message.channel, message.text.as_str()), (Channel::Voice, "<speak>1 2 3</speak>"));
    assert_eq!(message.kind.as_deref(), Some("code"));
}

#[tokio::test]
async fn every_provider_fault_reaches_its_client_as_that_fault() {
    let bench = Bench::new();
    bench.fault(Service::Ses, "*", Kind::Throttle);
    let ses = aws_sdk_sesv2::Client::from_conf(
        client!(aws_sdk_sesv2, bench)
            .config()
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .build(),
    );
    let refused = ses.send_email().send().await.unwrap_err().into_service_error();
    assert!(refused.is_too_many_requests_exception(), "{refused:?}");
}

#[tokio::test]
async fn a_file_keeps_what_was_written_and_sent() {
    let folder = std::env::temp_dir().join(format!("sspr-connector-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let open = || {
        let outbox = Outbox::kept_in(&folder.join("outbox.jsonl"), Clock::new()).unwrap();
        Bench::on(Engine::file(&folder.join("db"), None).unwrap(), outbox)
    };
    let bench = open();
    add_one(&bench.dynamodb(RetryConfig::disabled())).await.unwrap();
    let publish = client!(aws_sdk_sns, bench).publish().phone_number("+44").message("m");
    publish.send().await.unwrap();
    drop(bench);
    let bench = open();
    assert_eq!(count(&bench.dynamodb(RetryConfig::disabled())).await.as_deref(), Some("1"));
    assert_eq!(bench.outbox.messages(None, 0).len(), 1);
    std::fs::remove_dir_all(folder).unwrap();
}
