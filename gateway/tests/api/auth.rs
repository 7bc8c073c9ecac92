//! Logging in, staying so, logging out.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::json;

use crate::support::{PASSWORD, rig};

#[tokio::test]
async fn whoever_logs_in_gets_tokens_and_who_they_are() {
    let rig = rig().await;
    let (token, got) = rig.login("ANA@x").await;
    assert_eq!(got.body["expiresIn"], 900);
    assert_eq!(got.body["user"]["role"], "AGENTE");
    assert!(got.headers.get("set-cookie").is_none(), "it was asked for in the body");
    assert_eq!(got.headers["cache-control"], "no-store");
    let me = rig.get(&token, "me").await;
    assert_eq!((me.status.as_u16(), &me.body["email"]), (200, &json!("ana@x")));
    let may: Vec<_> =
        me.body["permissions"].as_array().unwrap().iter().map(|g| g["permission"].as_str().unwrap()).collect();
    assert!(may.contains(&"chats.read") && !may.contains(&"chats.assign"), "{may:?}");
    assert_eq!(me.body["state"]["state"], "offline", "logging in changes nobody's state");
    assert_eq!(rig.db.texts("select action from audit").await, ["session.begin"]);
    assert_eq!(rig.db.tables_with(got.body["refreshToken"].as_str().unwrap()).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_told_apart_by_nobody() {
    let rig = rig().await;
    let mut bodies = Vec::new();
    for (email, password) in [("ana@x", "wrong"), ("nobody@x", PASSWORD)] {
        let body = json!({"email": email, "password": password});
        let mut got = rig.send(Method::POST, "auth/login", None, &[], Some(body)).await;
        assert_eq!((got.status.as_u16(), got.code()), (401, "credentials-invalid"));
        got.body["instance"] = json!(null);
        bodies.push(got.body);
    }
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(rig.db.count("select count(*) from sessions").await, 0);
}

#[tokio::test]
async fn after_five_failures_an_account_waits_and_the_right_password_too() {
    let rig = rig().await;
    let attempt = async |password: &str| {
        let body = json!({"email": "ana@x", "password": password});
        rig.send(Method::POST, "auth/login", None, &[], Some(body)).await
    };
    for _ in 0..5 {
        assert_eq!(attempt("wrong").await.status, 401);
    }
    let got = attempt(PASSWORD).await;
    assert_eq!((got.status.as_u16(), got.code()), (429, "too-many-attempts"));
    assert_eq!(got.headers["retry-after"], "5");
    rig.clock.pass(TimeDelta::seconds(6));
    assert_eq!(attempt(PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_works_once_and_twice_ends_the_session() {
    let rig = rig().await;
    let (first, got) = rig.login("ana@x").await;
    let old = got.body["refreshToken"].clone();
    let refresh = async |token: &serde_json::Value| {
        rig.send(Method::POST, "auth/refresh", None, &[], Some(json!({"refreshToken": token}))).await
    };
    let fresh = refresh(&old).await;
    assert_eq!(fresh.status, 200, "{fresh:?}");
    let (new, access) = (fresh.body["refreshToken"].clone(), fresh.body["accessToken"].as_str().unwrap().to_owned());
    assert_ne!(new, old);
    assert_eq!(rig.get(&access, "me").await.status, 200);
    // Somebody else has the old one.
    assert_eq!(refresh(&old).await.code(), "session-over");
    assert_eq!(refresh(&new).await.code(), "session-over", "the whole family is over");
    for token in [first, access] {
        assert_eq!(rig.get(&token, "me").await.code(), "session-over");
    }
    let ends = rig.db.texts("select end_reason from sessions").await;
    assert_eq!(ends, ["refresh token used twice"]);
    // Another session of the same person goes on.
    let (other, _) = rig.login("ana@x").await;
    assert_eq!(rig.get(&other, "me").await.status, 200);
}

#[tokio::test]
async fn of_two_who_refresh_at_once_with_one_token_at_most_one_is_answered_and_the_session_is_over() {
    let rig = rig().await;
    let (_, got) = rig.login("ana@x").await;
    let body = json!({"refreshToken": got.body["refreshToken"]});
    let ask = || rig.send(Method::POST, "auth/refresh", None, &[], Some(body.clone()));
    let (a, b) = tokio::join!(ask(), ask());
    // The one who came first may hear that the second has ended it, before or after the answer.
    let answered = [a, b].iter().filter(|got| got.status == 200).count();
    assert!(answered <= 1, "one token, one successor");
    assert_eq!(rig.db.count("select count(*) from sessions where ended_at is null").await, 0);
    assert_eq!(rig.db.count("select count(*) from refresh_tokens").await, 2);
}

#[tokio::test]
async fn the_refresh_token_stays_in_a_cookie_that_scripts_cannot_read() {
    let rig = rig().await;
    let body = json!({"email": "ana@x", "password": PASSWORD});
    let got = rig.send(Method::POST, "auth/login", None, &[], Some(body)).await;
    assert!(got.body.get("refreshToken").is_none(), "{}", got.body);
    let cookie = got.headers["set-cookie"].to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/api/v1/auth"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let pair = cookie.split(';').next().unwrap();
    let fresh = rig.send(Method::POST, "auth/refresh", None, &[("cookie", pair)], Some(json!({}))).await;
    assert_eq!(fresh.status, 200, "{fresh:?}");
    let token = fresh.body["accessToken"].as_str().unwrap();
    let out = rig.send(Method::POST, "auth/logout", Some(token), &[], None).await;
    assert_eq!(out.status, 204);
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(rig.get(token, "me").await.code(), "session-over", "at once, whatever the token says");
    assert_eq!(rig.send(Method::POST, "auth/refresh", None, &[], Some(json!({}))).await.code(), "session-over");
}

#[tokio::test]
async fn an_access_token_expires_and_says_so() {
    let rig = rig().await;
    let token = rig.token("ana@x").await;
    rig.clock.pass(TimeDelta::seconds(899));
    assert_eq!(rig.get(&token, "me").await.status, 200);
    rig.clock.pass(TimeDelta::seconds(1));
    assert_eq!(rig.get(&token, "me").await.code(), "token-expired");
    for token in ["", "x", "a.b.c"] {
        assert_eq!(rig.get(token, "me").await.code(), "token-invalid");
    }
}

#[tokio::test]
async fn a_role_that_was_changed_counts_at_once() {
    let rig = rig().await;
    let token = rig.token("ana@x").await;
    assert_eq!(rig.get(&token, "campaigns").await.status, 403);
    rig.db.execute("update users set role = 'SUPER_ADMIN' where email = 'ana@x'").await;
    assert_eq!(rig.get(&token, "campaigns").await.status, 200);
}
