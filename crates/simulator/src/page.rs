//! The phone in the browser: files of `page/`, embedded.

use axum::Router;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::IntoResponse;
use axum::routing::get;

/// Everything is ours; pictures and sounds may also come from other servers on this machine, where Hilo keeps its files.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data: blob: http://127.0.0.1:* http://localhost:*; \
    media-src 'self' blob: http://127.0.0.1:* http://localhost:*; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FILES: [(&str, &str, &str); 7] = [
    ("/", "text/html; charset=utf-8", include_str!("../page/index.html")),
    ("/page/phone.css", "text/css; charset=utf-8", include_str!("../page/phone.css")),
    ("/page/phone.js", "text/javascript; charset=utf-8", include_str!("../page/phone.js")),
    ("/page/bubble.js", "text/javascript; charset=utf-8", include_str!("../page/bubble.js")),
    ("/page/dom.js", "text/javascript; charset=utf-8", include_str!("../page/dom.js")),
    ("/page/api.js", "text/javascript; charset=utf-8", include_str!("../page/api.js")),
    ("/page/messages.json", "application/json", include_str!("../page/messages.json")),
];

/// The routes of the page.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    FILES.iter().fold(Router::new(), |router, (path, kind, content)| {
        let file = move || async move {
            let headers = [
                (CONTENT_TYPE, *kind),
                (CONTENT_SECURITY_POLICY, POLICY),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (REFERRER_POLICY, "no-referrer"),
                (CACHE_CONTROL, "no-cache"),
            ];
            (headers, *content).into_response()
        };
        router.route(path, get(file))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_nothing_inline_and_the_page_has_nothing_inline() {
        assert!(!POLICY.contains("unsafe"));
        let html = FILES[0].2;
        assert!(!html.contains("style=") && !html.contains("<style") && !html.contains(" onclick"));
        assert!(!html.contains("http://") && !html.contains("https://"));
        assert_eq!(html.matches("<script").count(), html.matches("<script type=\"module\" src=").count());
    }

    #[test]
    fn scripts_write_text_and_never_markup() {
        for (path, _, content) in FILES.iter().filter(|(path, _, _)| path.ends_with(".js")) {
            for markup in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                assert!(!content.contains(markup), "{path} has {markup}");
            }
        }
    }

    #[test]
    fn every_language_says_everything() {
        let messages: serde_json::Value = serde_json::from_str(FILES[6].2).unwrap();
        let keys = |language: &str| messages[language].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        for language in ["en", "pt"] {
            assert_eq!(keys(language), keys("es"));
        }
    }
}
