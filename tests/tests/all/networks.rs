//! The network comes from the connection, never from a header (api.md §10).

use serde_json::json;
use tests::flow::{Reset, one_row};
use tests::people::{OLD, home};
use tests::server::Server;

/// Every header by which proxies say where a request came from, and the gateway's own name for it.
const FORWARDING: [(&str, &str); 10] = [
    ("x-forwarded-for", "198.51.100.7"),
    ("forwarded", "for=198.51.100.7;proto=https"),
    ("x-real-ip", "198.51.100.7"),
    ("client-ip", "198.51.100.7"),
    ("true-client-ip", "198.51.100.7"),
    ("cf-connecting-ip", "198.51.100.7"),
    ("x-client-ip", "198.51.100.7"),
    ("x-cluster-client-ip", "198.51.100.7"),
    ("cloudfront-viewer-address", "198.51.100.7:443"),
    ("x-amzn-request-context", "{\"http\":{\"sourceIp\":\"198.51.100.7\"}}"),
];

#[test]
fn forwarding_headers_are_neither_believed_nor_recorded() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    server.configure(&admin, |c| {
        c["throttle"]["begins_per_network_per_hour"] = json!(FORWARDING.len())
    });
    let body = json!({"username": "alice", "purpose": "reset"}).to_string();
    let begin = |(name, value): (&str, &str)| {
        let headers = [("content-type", "application/json"), (name, value)];
        server.send("POST", "/v1/resets", &headers, body.as_bytes())
    };
    for header in FORWARDING {
        let reset = Reset::of(&server, &begin(header).expect(201));
        reset.cancel().expect(204);
        let row = one_row(&server, &admin, "alice", &reset.correlation);
        assert_eq!(row["source_ip"], "127.0.0.1", "{header:?}");
    }
    // All of them were begun from one network, whatever they said.
    for header in FORWARDING {
        begin(header).refused(429, "throttled");
    }
}

#[test]
fn a_block_is_not_escaped_by_naming_another_network() {
    let server = Server::start();
    let admin = server.admin();
    server.person(&admin, "alice");
    let mut reset = server.begin("alice", "reset");
    reset.challenge("email", &home("alice")).expect(202);
    for _ in 0..5 {
        reset.verify("email", "00000000").refused(422, "proof_incorrect");
    }
    let bearer = format!("Bearer {}", reset.token);
    let body = json!({"method": "email", "code": server.code(&home("alice"))}).to_string();
    for (name, value) in FORWARDING {
        let headers = [
            ("content-type", "application/json"),
            ("authorization", bearer.as_str()),
            (name, value),
        ];
        let refused = server.send("POST", "/v1/resets/verify", &headers, body.as_bytes());
        refused.refused(429, "throttled");
    }
    server.sign_in("alice", OLD).expect(200);
}
