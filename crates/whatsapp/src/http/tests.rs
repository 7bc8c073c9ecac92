use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response as Answer};
use axum::routing::get;
use futures::future::BoxFuture;
use futures::{StreamExt, stream};
use reqwest::dns::Resolve;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A name server of our own: each name's answers, one after the other, the last one for ever.
#[derive(Default)]
struct Names {
    answers: HashMap<String, Vec<Vec<IpAddr>>>,
    asked: Mutex<HashMap<String, usize>>,
}

impl Names {
    fn of(names: &[(&str, &[&[&str]])]) -> Arc<Self> {
        let addresses = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        let answers =
            names.iter().map(|(name, answers)| ((*name).to_owned(), answers.iter().map(addresses).collect())).collect();
        Arc::new(Self { answers, asked: Mutex::default() })
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().values().sum()
    }
}

impl Lookup for Names {
    fn addresses(&self, name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, String>> {
        let mut asked = self.asked.lock().unwrap();
        let turn = asked.entry(name.clone()).or_default();
        let answers = self.answers.get(&name).ok_or_else(|| format!("`{name}` is not known"));
        let answer = answers.map(|answers| answers[(*turn).min(answers.len() - 1)].clone());
        *turn += 1;
        Box::pin(async move { answer })
    }
}

/// What a server has seen: its hits, and the last request's headers.
#[derive(Clone, Default)]
struct Seen {
    hits: Arc<AtomicUsize>,
    headers: Arc<Mutex<HeaderMap>>,
}

impl Seen {
    fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    fn header(&self, name: &str) -> Option<String> {
        Some(self.headers.lock().unwrap().get(name)?.to_str().unwrap().to_owned())
    }
}

/// Serves `router` on a free port of loopback.
async fn serve(router: Router) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    port
}

/// A server that notes who comes, and must not be reached by strangers.
async fn canary() -> (u16, Seen) {
    let seen = Seen::default();
    let note = |State(seen): State<Seen>, headers: HeaderMap| async move {
        seen.hits.fetch_add(1, Ordering::SeqCst);
        *seen.headers.lock().unwrap() = headers;
        "seen"
    };
    (serve(Router::new().fallback(note).with_state(seen.clone())).await, seen)
}

/// A server that sends everybody on to `target` with the status of the path.
async fn redirector(target: String) -> u16 {
    let redirect = |Path(status): Path<u16>, State(target): State<String>| async move {
        (axum::http::StatusCode::from_u16(status).unwrap(), [("location", target)])
    };
    serve(Router::new().route("/{status}", get(redirect)).with_state(target)).await
}

fn quick() -> Policy {
    Policy { total_timeout: Duration::from_secs(5), ..Policy::default() }
}

/// A client that lets `allowed` through and resolves `names`.
fn client_of(allowed: &[String], names: &Arc<Names>) -> Http {
    let policy = Policy { allowed: allowed.to_vec(), ..quick() };
    Http::build(policy, names.clone(), Some(names.clone())).unwrap()
}

fn refusal(result: Result<Response>) -> Refusal {
    match result {
        Err(Error::Blocked(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// Every way to write an address that is not public, a port or a scheme that is not the web's, or to be read in two
/// ways.
#[rustfmt::skip]
const HOSTILE: &[&str] = &[
    "http://127.0.0.1/", "http://127.1/", "http://127.0.1/", "http://127.0.0.1./", "http://2130706433/",
    "http://0x7f000001/", "http://0x7f.1/", "http://0x7f.0x0.0x0.0x1/", "http://0177.0.0.1/", "http://017700000001/",
    "http://0177.1/", "http://0x7F.0.0.01/", "http://127.255.255.254/", "http://127.0.0.1:80/", "http://127.0.0.1:8080/",
    "https://127.0.0.1/", "http://%31%32%37.0.0.1/", "http://１２７.０.０.１/", "http://127。0。0。1/", "http://①②⑦.⓪.⓪.①/",
    "http://0.0.0.0/", "http://0/", "http://0x0/", "http://0.1.2.3/", "http://00000000/",
    "http://10.0.0.1/", "http://10.255.255.255/", "http://167772161/", "http://0xa.1/", "http://012.0.0.1/",
    "http://172.16.0.1/", "http://172.31.255.255/", "http://2886729729/", "http://0xac100001/",
    "http://192.168.0.1/", "http://192.168.1/", "http://3232235521/", "http://0xc0a80001/", "http://0300.0250.0.1/",
    "http://100.64.0.1/", "http://100.100.100.200/", "http://100.127.255.255/",
    "http://169.254.169.254/", "http://169.254.169.254/latest/meta-data/", "http://2852039166/", "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/", "http://169.254.43518/", "http://0xa9.0xfe.0xa9.0xfe/", "http://169.254.170.2/",
    "http://192.0.0.192/", "http://168.63.129.16/", "http://192.0.2.1/", "http://198.51.100.7/", "http://203.0.113.9/",
    "http://198.18.0.1/", "http://198.19.255.255/", "http://192.88.99.1/", "http://224.0.0.1/", "http://239.1.1.1/",
    "http://240.0.0.1/", "http://255.255.255.255/", "http://4294967295/",
    "http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[0000::0001]:80/", "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:ffff:7f00:1]/", "http://[::ffff:8.8.8.8]/",
    "http://[::ffff:169.254.169.254]/", "http://[::ffff:10.0.0.1]/", "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/", "http://[64:ff9b::169.254.169.254]/", "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/", "http://[2002:a9fe:a9fe::1]/", "http://[2001::1]/", "http://[2001:0:7f00:1::1]/",
    "http://[2001:db8::1]/", "http://[3fff::1]/", "http://[fc00::1]/", "http://[fd00:ec2::254]/", "http://[fdff::1]/",
    "http://[fe80::1]/", "http://[fec0::1]/", "http://[ff02::1]/", "http://[ff0e::1]/", "http://[100::1]/",
    "http://[2606:4700::5efe:7f00:1]/", "http://[5f00::1]/",
    "http://localhost/", "http://LOCALHOST/", "http://localhost./", "http://a.localhost/", "http://ｌｏｃａｌｈｏｓｔ/",
    "http://localhost:8080/", "http://localhost.localdomain/", "http://printer.local/", "http://router.lan/",
    "http://metadata/", "http://metadata.google.internal/", "http://METADATA.google.internal./", "http://db/",
    "http://host.docker.internal/", "http://gitlab.intranet/", "http://x.home.arpa/", "http://postgres/",
    "http://public.test:5432/", "http://public.test:6379/", "http://public.test:7233/", "http://public.test:22/",
    "http://public.test:25/", "http://public.test:11211/", "http://public.test:0/", "http://public.test:65535/",
    "http://8.8.8.8:53/", "https://public.test:80800/",
    "http://user@public.test/", "http://user:pass@public.test/", "http://public.test@127.0.0.1/", "http://:p@public.test/",
    "http://127.0.0.1\\@public.test/", "http://public.test\\@127.0.0.1/", "http:\\\\127.0.0.1/", "http:/\\127.0.0.1/",
    "http://public.test /", " http://public.test/", "http://public.test/\r\nHost: x", "http://pub\tlic.test/",
    "http://public.test/\0", "ht\ntp://public.test/",
    "file:///etc/passwd", "file://localhost/etc/passwd", "gopher://127.0.0.1:6379/_x", "ftp://public.test/a",
    "data:text/plain,a", "javascript:alert(1)", "dict://127.0.0.1:11211/", "ldap://127.0.0.1/", "ws://public.test/",
    "jar:http://public.test!/", "blob:http://public.test/a", "unix:/var/run/docker.sock",
    "", "//127.0.0.1/", "/etc/passwd", "127.0.0.1", "http://", "http:///", "http://[::1", "http://[]/", "http://a..b:x/",
    "http://1.2.3.4.5/", "http://256.1.1.1/", "http://0x.0x.0/", "http:127.0.0.1", "http:/127.0.0.1/", "http:////127.0.0.1/",
    "http://127.0.0.1#@public.test/", "http://127.0.0.1?@public.test/", "http://[v1.a]/", "http://[fe80::1%25eth0]/",
];

#[tokio::test]
async fn no_hostile_address_is_called() {
    // Every name leads to a public address, so that nothing but the guard can refuse.
    let names = Names::of(&[("public.test", &[&["8.8.8.8"]])]);
    let http = client_of(&[], &names);
    for address in HOSTILE {
        refusal(http.send(&Guard::Public, Request::get(*address)).await);
    }
    assert!(HOSTILE.len() >= 160, "{}", HOSTILE.len());
    assert_eq!(names.asked(), 0, "refused before anybody was asked");
}

#[test]
fn what_is_public_passes() {
    for address in [
        "http://example.com/",
        "https://example.com/a?b#c",
        "https://example.com:8443/",
        "http://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://xn--espaa-rta.example/",
        "https://internal.example.com/",
        "https://mylocalhost.com/",
    ] {
        assert!(Guard::Public.admit(address, &[]).is_ok(), "{address}");
    }
}

#[tokio::test]
async fn a_name_is_refused_when_any_of_its_answers_is_not_public() {
    let hostile = [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.168.1.1",
        "0.0.0.0",
        "::1",
        "::ffff:127.0.0.1",
        "fd00:ec2::254",
        "fe80::1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "224.0.0.1",
    ];
    for address in hostile {
        for answer in [vec![address], vec!["8.8.8.8", address], vec![address, "2606:4700::1111"]] {
            let names = Names::of(&[("rebound.test", &[&answer])]);
            let refusal =
                refusal(client_of(&[], &names).send(&Guard::Public, Request::get("http://rebound.test/")).await);
            assert_eq!(refusal, Refusal::Address, "{answer:?}");
            assert_eq!(names.asked(), 1);
        }
    }
}

#[tokio::test]
async fn the_address_that_was_vetted_is_the_one_that_is_dialled() {
    let names = Names::of(&[("rebound.test", &[&["8.8.8.8"], &["127.0.0.1"]])]);
    let vetted = Vetted(names.clone());
    let dialled: Vec<_> = vetted.resolve("rebound.test".parse().unwrap()).await.unwrap().collect();
    assert_eq!(dialled, ["8.8.8.8:0".parse().unwrap()], "the connector gets addresses, not a name to ask for again");
    let Err(second) = vetted.resolve("rebound.test".parse().unwrap()).await else { panic!("rebound") };
    assert_eq!(second.downcast_ref(), Some(&Refusal::Address));
}

#[tokio::test]
async fn a_guard_of_names_alone_would_let_literals_through() {
    let (port, seen) = canary().await;
    let address = format!("http://127.0.0.1:{port}/");
    let names_only = client(&quick()).dns_resolver(Arc::new(Vetted(Names::of(&[])))).build().unwrap();
    names_only.get(&address).send().await.unwrap();
    assert_eq!(seen.hits(), 1, "the planted bug: a literal never reaches the resolver");

    let http = client_of(&[], &Names::of(&[]));
    refusal(http.send(&Guard::Public, Request::get(&address)).await);
    assert_eq!(seen.hits(), 1);
}

#[tokio::test]
async fn a_redirect_to_anywhere_internal_is_refused() {
    let (port, seen) = canary().await;
    let targets = [
        format!("http://127.0.0.1:{port}/"),
        format!("//127.0.0.1:{port}/"),
        format!("http://inside.test:{port}/"),
        "http://inside.test/".to_owned(),
        "http://localhost/".to_owned(),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[::1]/".to_owned(),
        "http://0x7f.1/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "http://user@8.8.8.8/".to_owned(),
    ];
    for target in &targets {
        let from = redirector(target.clone()).await;
        let names = Names::of(&[("hop.test", &[&["127.0.0.1"]]), ("inside.test", &[&["127.0.0.1"]])]);
        let http = client_of(&[format!("hop.test:{from}")], &names);
        for status in [301, 302, 303, 307, 308] {
            let request = Request::get(format!("http://hop.test:{from}/{status}")).follow();
            refusal(http.send(&Guard::Public, request).await);
        }
    }
    assert_eq!(seen.hits(), 0);
}

#[tokio::test]
async fn three_redirects_are_followed_and_no_fourth() {
    let hop = |Path(left): Path<u32>| async move {
        match left.checked_sub(1) {
            Some(left) => (axum::http::StatusCode::FOUND, [("location", format!("/{left}"))]).into_response(),
            None => "there".into_response(),
        }
    };
    let port = serve(Router::new().route("/{left}", get(hop))).await;
    let http = client_of(&[format!("hop.test:{port}")], &Names::of(&[("hop.test", &[&["127.0.0.1"]])]));
    let fetch = |left: u32| http.send(&Guard::Public, Request::get(format!("http://hop.test:{port}/{left}")).follow());
    assert_eq!(fetch(3).await.unwrap().bytes().await.unwrap(), "there");
    assert_eq!(refusal(fetch(4).await), Refusal::TooManyRedirects);
    let not_asked = http.send(&Guard::Public, Request::get(format!("http://hop.test:{port}/1"))).await.unwrap();
    assert_eq!(not_asked.status(), StatusCode::FOUND, "by itself the client follows nothing");
}

#[tokio::test]
async fn credentials_stay_on_their_origin() {
    let (port, seen) = canary().await;
    let names = Names::of(&[("other.test", &[&["127.0.0.1"]]), ("hop.test", &[&["127.0.0.1"]])]);
    let token = SecretString::from("canary-token");
    let request = |url: String| Request::get(url).bearer(&token).header("x-key", "canary").unwrap().follow();

    let from = redirector(format!("http://other.test:{port}/")).await;
    let http = client_of(&[format!("hop.test:{from}"), format!("other.test:{port}")], &names);
    http.send(&Guard::Public, request(format!("http://hop.test:{from}/302"))).await.unwrap();
    assert_eq!((seen.hits(), seen.header("authorization"), seen.header("x-key")), (1, None, None));

    http.send(&Guard::Public, request(format!("http://other.test:{port}/"))).await.unwrap();
    assert_eq!(seen.header("authorization").as_deref(), Some("Bearer canary-token"));
    assert_eq!(seen.header("x-key").as_deref(), Some("canary"));
    assert_eq!(seen.header("cookie"), None);
    assert!(seen.header("user-agent").unwrap().starts_with("hilo/"));
}

#[tokio::test]
async fn a_redirect_from_a_trusted_base_goes_on_as_a_stranger_s() {
    let hop = |Path(left): Path<u32>| async move {
        match left.checked_sub(1) {
            Some(left) => (axum::http::StatusCode::FOUND, [("location", format!("/{left}"))]).into_response(),
            None => "there".into_response(),
        }
    };
    let other = serve(Router::new().route("/{left}", get(hop))).await;
    let base = redirector(format!("http://cdn.test:{other}/1")).await;
    let guard = Guard::Trusted { base: format!("http://127.0.0.1:{base}").parse().unwrap() };
    let http = client_of(&[format!("cdn.test:{other}")], &Names::of(&[("cdn.test", &[&["127.0.0.1"]])]));
    let answer = http.send(&guard, Request::get(format!("http://127.0.0.1:{base}/302")).follow()).await.unwrap();
    assert_eq!(answer.url().path(), "/0");
    assert_eq!(answer.bytes().await.unwrap(), "there");
}

#[tokio::test]
async fn the_operator_s_list_opens_one_port_of_one_name() {
    let (port, seen) = canary().await;
    let (other, closed) = canary().await;
    let names = Names::of(&[("erp.test", &[&["127.0.0.1"]])]);
    let http = client_of(&[format!("erp.test:{port}")], &names);
    http.send(&Guard::Public, Request::get(format!("http://erp.test:{port}/"))).await.unwrap();
    assert_eq!(seen.hits(), 1);
    for address in
        [format!("http://erp.test:{other}/"), "http://erp.test/".to_owned(), format!("http://127.0.0.1:{port}/")]
    {
        refusal(http.send(&Guard::Public, Request::get(address)).await);
    }
    assert_eq!((seen.hits(), closed.hits()), (1, 0));
}

#[tokio::test]
async fn a_trusted_base_may_be_internal_and_is_not_left() {
    let (port, seen) = canary().await;
    let (other, closed) = canary().await;
    let guard = Guard::Trusted { base: format!("http://127.0.0.1:{port}").parse().unwrap() };
    let http = Http::new(quick()).unwrap();
    http.send(&guard, Request::get(format!("http://127.0.0.1:{port}/a"))).await.unwrap();
    assert_eq!(seen.hits(), 1);
    for address in
        [format!("http://127.0.0.1:{other}/"), format!("https://127.0.0.1:{port}/"), "http://8.8.8.8/".to_owned()]
    {
        assert_eq!(refusal(http.send(&guard, Request::get(address)).await), Refusal::Origin);
    }
    let from = redirector(format!("http://127.0.0.1:{other}/")).await;
    let guard = Guard::Trusted { base: format!("http://127.0.0.1:{from}").parse().unwrap() };
    refusal(http.send(&guard, Request::get(format!("http://127.0.0.1:{from}/302")).follow()).await);
    assert_eq!(closed.hits(), 0);
}

/// Runs itself once more with a proxy in the environment, which only a process's start can set safely.
#[tokio::test]
async fn a_proxy_in_the_environment_is_ignored() {
    const TARGET: &str = "HILO_TEST_TARGET";
    if let Ok(target) = std::env::var(TARGET) {
        let guard = Guard::Trusted { base: target.parse().unwrap() };
        let answer = Http::new(quick()).unwrap().send(&guard, Request::get(target)).await.unwrap();
        assert_eq!(answer.bytes().await.unwrap(), "seen");
        return;
    }
    let (target, seen) = canary().await;
    let (proxy, bypassed) = canary().await;
    let proxy = format!("http://127.0.0.1:{proxy}");
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "http::tests::a_proxy_in_the_environment_is_ignored"]);
    child.env(TARGET, format!("http://127.0.0.1:{target}/"));
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(variable, &proxy);
    }
    child.env_remove("NO_PROXY").env_remove("no_proxy");
    let output = child.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!((seen.hits(), bypassed.hits()), (1, 0));
}

/// A server whose answers have bodies of every bad kind.
async fn bodies() -> u16 {
    async fn body(Path(kind): Path<String>) -> Answer {
        let endless = || stream::repeat_with(|| Ok::<_, std::io::Error>("x".repeat(1000)));
        let pieces = |count: usize| endless().take(count);
        match kind.as_str() {
            "announced" => "x".repeat(5001).into_response(),
            "exact" => "x".repeat(5000).into_response(),
            "chunked" => Body::from_stream(pieces(6)).into_response(),
            "endless" => Body::from_stream(endless()).into_response(),
            "silent" => Body::from_stream(pieces(1).chain(stream::pending())).into_response(),
            "broken" => {
                let broken = stream::iter([Err(std::io::Error::other("broken"))]);
                Body::from_stream(pieces(1).chain(broken)).into_response()
            }
            "packed" => ([("content-encoding", "gzip")], "not unpacked").into_response(),
            other => panic!("{other}"),
        }
    }
    serve(Router::new().route("/{kind}", get(body))).await
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_limit_and_its_time() {
    let port = bodies().await;
    let guard = Guard::Trusted { base: format!("http://127.0.0.1:{port}").parse().unwrap() };
    let http = Http::new(Policy { max_body: 5000, total_timeout: Duration::from_millis(400), ..quick() }).unwrap();
    let fetch = async |kind: &str| {
        http.send(&guard, Request::get(format!("http://127.0.0.1:{port}/{kind}"))).await?.bytes().await
    };
    assert_eq!(fetch("exact").await.unwrap().len(), 5000);
    for too_large in ["announced", "chunked", "endless"] {
        assert!(matches!(fetch(too_large).await, Err(Error::TooLarge { limit: 5000 })), "{too_large}");
    }
    for broken_off in ["silent", "broken"] {
        assert!(matches!(fetch(broken_off).await, Err(Error::Interrupted(_))), "{broken_off}");
    }
    assert_eq!(fetch("packed").await.unwrap(), "not unpacked");
    let own = Request::get(format!("http://127.0.0.1:{port}/exact")).max_body(4999);
    assert!(matches!(http.send(&guard, own).await, Err(Error::TooLarge { limit: 4999 })));
}

#[tokio::test]
async fn no_connection_and_a_broken_one_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let guard = Guard::Trusted { base: address.parse().unwrap() };
    let http = Http::new(quick()).unwrap();

    let accepted = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await.unwrap();
        // With no linger the drop resets the connection.
        stream.set_zero_linger().unwrap();
    });
    let broken = http.send(&guard, Request::get(&address)).await;
    assert!(matches!(broken, Err(Error::Interrupted(_))), "{broken:?}");
    accepted.await.unwrap();

    let nobody = http.send(&guard, Request::get(&address)).await;
    assert!(matches!(nobody, Err(Error::NotConnected(_))), "{nobody:?}");
    let unknown = client_of(&[], &Names::of(&[])).send(&Guard::Public, Request::get("http://unknown.test/")).await;
    assert!(matches!(unknown, Err(Error::NotConnected(_))), "{unknown:?}");
}

#[tokio::test]
async fn ten_thousand_headers_are_an_error_and_not_a_burden() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
        let headers: String = (0..10_000).map(|i| format!("x-{i}: {}\r\n", "y".repeat(100))).collect();
        let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n{headers}\r\n").as_bytes()).await;
    });
    let guard = Guard::Trusted { base: address.parse().unwrap() };
    let answer = Http::new(quick()).unwrap().send(&guard, Request::get(&address)).await;
    assert!(matches!(answer, Err(Error::Interrupted(_))), "{answer:?}");
}

#[test]
fn nothing_shows_a_token() {
    let token = SecretString::from("canary-token");
    let request = Request::get("https://example.com/?key=canary").bearer(&token).header("x-key", "canary").unwrap();
    assert!(!format!("{request:?}").contains("canary"));
    assert!(matches!(Request::get("http://a/").header("x", "a\r\nb: c"), Err(Error::Invalid(_))));
}
