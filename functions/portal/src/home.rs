//! The page at the root: names the organisation and says where the interface for programs is.

use axum::extract::State;
use axum::response::Response;
use edge::{App, Problem};
use http::StatusCode;

/// The page at the root.
#[utoipa::path(get, path = "/", responses((status = 200, body = String, content_type = "text/html")))]
pub async fn home(State(app): State<App>) -> Result<Response, Problem> {
    let config = app.store.config().await?.config;
    Ok(edge::page::page(StatusCode::OK, page(&config.branding.organisation)))
}

fn page(organisation: &str) -> String {
    let name = escaped(organisation);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Password reset – {name}</title>\n</head>\n<body>\n<main>\n<h1>{name}</h1>\n\
         <p>Reset or change your password, or unlock your account.</p>\n<ul>\n\
         <li><a href=\"/v1/about\">What is asked of a password here</a></li>\n\
         <li><a href=\"/openapi.json\">The interface for programs</a></li>\n\
         </ul>\n</main>\n</body>\n</html>\n"
    )
}

/// Text as it may stand between tags and in attributes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_cannot_write_markup() {
        let page = page("<script>\"Ben & Jerry's\"");
        assert!(page.contains("<h1>&lt;script&gt;&quot;Ben &amp; Jerry&#39;s&quot;</h1>"));
        assert!(!page.contains("<script"));
    }

    #[test]
    fn the_page_needs_nothing_that_its_policy_forbids() {
        let page = page("Example Org");
        assert!(!page.contains("style=") && !page.contains("<style") && !page.contains(" on"));
    }
}
