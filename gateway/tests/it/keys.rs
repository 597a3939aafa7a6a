use gateway::auth::AuthSettings;
use jsonwebtoken::Algorithm;
use serde_json::json;

use crate::test_server::{Signer, TestServer, auth, claims, file, open};

const LET_IN: u16 = 503;

#[tokio::test]
async fn pem_of_each_kind_verifies_only_its_tokens() {
    let signers = [Signer::ed25519(), Signer::p256(), Signer::rsa()];
    for (index, signer) in signers.iter().enumerate() {
        let server = TestServer::with_pem(signer).await;
        for (other, by) in signers.iter().enumerate() {
            let expected = if index == other { LET_IN } else { 401 };
            assert_eq!(server.status(&by.sign(None, &claims())).await, expected, "{:?}", by.algorithm);
        }
    }
}

#[tokio::test]
async fn jwks_file_verifies_by_key_id() {
    let (one, two, stranger) = (Signer::ed25519(), Signer::rsa(), Signer::ed25519());
    let encryption = {
        let mut jwk = stranger.jwk("three");
        jwk["use"] = json!("enc");
        jwk
    };
    let secret = json!({"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "four", "alg": "HS256"});
    let (path, files) = file(&json!({"keys": [one.jwk("one"), two.jwk("two"), encryption, secret]}).to_string());
    let server = TestServer::start(AuthSettings { jwt_jwks_file: Some(path), ..auth() }, files).await;
    assert_eq!(server.status(&one.sign(Some("one"), &claims())).await, LET_IN);
    assert_eq!(server.status(&two.sign(Some("two"), &claims())).await, LET_IN);
    assert_eq!(server.status(&two.sign(None, &claims())).await, LET_IN, "no id: the key of its kind");
    assert_eq!(server.status(&one.sign(Some("two"), &claims())).await, 401);
    assert_eq!(server.status(&one.sign(Some("five"), &claims())).await, 401);
    assert_eq!(server.status(&stranger.sign(Some("three"), &claims())).await, 401, "a key for encryption");
    let by_secret = Signer::secret("secretsecretsecretsecretsecret");
    assert_eq!(server.status(&by_secret.sign(Some("four"), &claims())).await, 401, "a secret in a JWKS is none");
}

#[tokio::test]
async fn p384_key_verifies_only_es384() {
    let signer = Signer::p384();
    let (path, files) = file(&signer.public_pem());
    let settings = |allowed| AuthSettings { jwt_public_key: Some(path.clone()), jwt_algorithms: allowed, ..auth() };
    for allowed in [Vec::new(), vec![Algorithm::ES256]] {
        let refused = format!("{:#}", open(settings(allowed)).await.err().expect("a refusal"));
        assert!(refused.contains("of a kind that JWT_ALGORITHMS does not allow"), "{refused}");
    }
    let server = TestServer::start(settings(vec![Algorithm::ES384]), files).await;
    assert_eq!(server.status(&signer.sign(None, &claims())).await, LET_IN);
}

#[tokio::test]
async fn unusable_key_does_not_affect_others() {
    let (good, other) = (Signer::ed25519(), Signer::ed25519());
    let mut numbered = other.jwk("two");
    numbered["kid"] = json!(2);
    let mut encrypts = other.jwk("three");
    encrypts["key_ops"] = json!(["encrypt"]);
    let mut verifies = good.jwk("one");
    verifies["key_ops"] = json!(["verify"]);
    let (path, files) = file(&json!({"keys": [numbered, "no key", encrypts, verifies]}).to_string());
    let server = TestServer::start(AuthSettings { jwt_jwks_file: Some(path), ..auth() }, files).await;
    assert_eq!(server.status(&good.sign(Some("one"), &claims())).await, LET_IN);
    assert_eq!(server.status(&other.sign(Some("three"), &claims())).await, 401);
    assert_eq!(server.status(&other.sign(None, &claims())).await, 401);
}

#[tokio::test]
async fn secret_verifies_and_public_key_is_no_secret() {
    let secret = "a secret of thirty-two bytes or more";
    let (_, files) = file("");
    let server = TestServer::start(AuthSettings { jwt_secret: Some(secret.into()), ..auth() }, files).await;
    assert_eq!(server.status(&Signer::secret(secret).sign(None, &claims())).await, LET_IN);
    assert_eq!(server.status(&Signer::secret("another secret, of as many bytes").sign(None, &claims())).await, 401);

    let signer = Signer::rsa();
    let server = TestServer::with_pem(&signer).await;
    let confused = Signer::secret(&signer.public_pem());
    assert_eq!(server.status(&confused.sign(None, &claims())).await, 401);
}

#[tokio::test]
async fn key_verifies_only_allowed_algorithms() {
    let signer = Signer::rsa();
    let (path, files) = file(&signer.public_pem());
    let allowed = vec![Algorithm::RS512, Algorithm::EdDSA];
    let server =
        TestServer::start(AuthSettings { jwt_public_key: Some(path), jwt_algorithms: allowed, ..auth() }, files).await;
    assert_eq!(server.status(&signer.sign(None, &claims())).await, 401, "a good signature by RS256");
    let by_another = Signer { algorithm: Algorithm::RS512, ..signer };
    assert_eq!(server.status(&by_another.sign(None, &claims())).await, LET_IN);
}

#[tokio::test]
async fn unsafe_settings_are_rejected_at_start() {
    let (pem, _yet_more_files) = file(&Signer::ed25519().public_pem());
    let secret = || Some("a secret of thirty-two bytes or more".into());
    let (no_pem, _files) = file("not a key");
    let (no_keys, _more_files) = file(r#"{"keys": []}"#);
    for (settings, message) in [
        (auth(), "set the source of keys"),
        (AuthSettings { jwt_public_key: Some(no_pem.clone()), ..auth() }, "holds no public key"),
        (AuthSettings { jwt_public_key: Some("/nowhere".into()), ..auth() }, "cannot read the key"),
        (AuthSettings { jwt_jwks_file: Some(no_pem), ..auth() }, "not a JWKS"),
        (AuthSettings { jwt_jwks_file: Some(no_keys), ..auth() }, "holds no key"),
        (AuthSettings { jwt_secret: Some("short".into()), ..auth() }, "32 bytes"),
        (AuthSettings { jwt_jwks_url: Some("http://example.com/jwks".parse().unwrap()), ..auth() }, "must be https"),
        (
            AuthSettings { jwt_public_key: Some(pem.clone()), jwt_algorithms: vec![Algorithm::RS256], ..auth() },
            "of a kind that JWT_ALGORITHMS does not allow",
        ),
        (
            AuthSettings { jwt_secret: secret(), jwt_algorithms: vec![Algorithm::ES256], ..auth() },
            "of a kind that JWT_ALGORITHMS does not allow",
        ),
        (
            AuthSettings { jwt_public_key: Some(pem), jwt_secret: secret(), ..auth() },
            "JWT_PUBLIC_KEY and JWT_SECRET are both set",
        ),
    ] {
        let refused = format!("{:#}", open(settings).await.err().expect("a refusal"));
        assert!(refused.contains(message), "{refused}");
    }
}

#[tokio::test]
async fn jwk_may_name_either_algorithm_of_ed25519() {
    let signer = Signer::ed25519();
    for (algorithm, status) in
        [("EdDSA", LET_IN), ("Ed25519", LET_IN), ("Ed448", 401), ("ES256", 401), ("ed25519", 401)]
    {
        let (mut jwk, other) = (signer.jwk("one"), Signer::p256().jwk("two"));
        jwk["alg"] = json!(algorithm);
        let (path, files) = file(&json!({"keys": [jwk, other]}).to_string());
        let server = TestServer::start(AuthSettings { jwt_jwks_file: Some(path), ..auth() }, files).await;
        assert_eq!(server.status(&signer.sign(Some("one"), &claims())).await, status, "{algorithm}");
    }
    // The name is of Ed25519 keys alone.
    let mut wrong = Signer::p256().jwk("one");
    wrong["alg"] = json!("Ed25519");
    let (path, _files) = file(&json!({"keys": [wrong]}).to_string());
    let refused = open(AuthSettings { jwt_jwks_file: Some(path), ..auth() }).await;
    assert!(format!("{:#}", refused.err().expect("a refusal")).contains("holds no key"));
}
