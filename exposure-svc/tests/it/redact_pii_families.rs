//! Families of ways to write personal data, each in several surroundings.

use pii::redact_pii;

/// Holds each text to what becomes of it.
fn hold(cases: &[(&str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|(text, expected)| (text, redact_pii(text), expected))
        .filter(|(_, redacted, expected)| redacted != *expected)
        .map(|(text, redacted, expected)| format!("{text:?}\n    became   {redacted:?}\n    expected {expected:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn punctuation_beside_a_number_hides_nothing() {
    hold(&[
        ("ann,4111111111111111,123", "ann,[CARD],123"),
        ("ann,+14155552671,94110", "ann,[PHONE],94110"),
        ("1,219-09-9998,ann", "1,[SSN],ann"),
        ("X-Forwarded-For: 203.0.113.5,198.51.100.7", "X-Forwarded-For: [IP_ADDRESS],[IP_ADDRESS]"),
        ("ann:415-555-2671:1", "ann:[PHONE]:1"),
        ("tel=415-555-2671%20home", "tel=[PHONE]%20home"),
        ("from=020 7946 0958", "from=[PHONE]"),
        ("#415-555-2671", "#[PHONE]"),
        ("_+49 171 2345678_", "_[PHONE]_"),
        ("card_4111111111111111", "card_[CARD]"),
        ("|4111 1111 1111 1111|", "|[CARD]|"),
        ("{\"ip\":\"203.0.113.5\",\"n\":3}", "{\"ip\":\"[IP_ADDRESS]\",\"n\":3}"),
        ("ip=203.0.113.5&x=1", "ip=[IP_ADDRESS]&x=1"),
        ("<td>+49 171 2345678</td>", "<td>[PHONE]</td>"),
        ("**415-555-2671**", "**[PHONE]**"),
        ("7;DE89370400440532013000;x", "7;[IBAN];x"),
    ]);
}

#[test]
fn words_match_whole_and_next_to_the_number() {
    hold(&[
        ("In case of emergency: 415-555-2671", "In case of emergency: [PHONE]"),
        ("The building office 020 7946 0958", "The building office [PHONE]"),
        ("Thanks a lot (415) 555-2671", "Thanks a lot [PHONE]"),
        ("new release at 203.0.113.5", "new release at [IP_ADDRESS]"),
        ("Kundenberaterin Ute 0171 2345678", "Kundenberaterin Ute [PHONE]"),
        ("order 415-555-2671", "order 415-555-2671"),
        ("Bestellnummer 0171 2345678", "Bestellnummer 0171 2345678"),
        ("version 1.2.3.4", "version 1.2.3.4"),
        // What is validated is never suppressed.
        ("order 4111 1111 1111 1111", "order [CARD]"),
        ("invoice DE89 3704 0044 0532 0130 00", "invoice [IBAN]"),
        ("ticket +49 171 2345678", "ticket [PHONE]"),
    ]);
}

#[test]
fn numbers_are_found_behind_every_separator() {
    for space in [
        "\u{a0}", "\u{2009}", "\u{202f}", "\u{2007}", "-", "\u{2010}", "\u{2011}", "\u{2012}", "\u{2013}", "\u{2212}",
        "  ", "\t", "\n", "/", " - ", ".", "&nbsp;", "%20", "\u{200b}",
    ] {
        let card = ["4111", "1111", "1111", "1111"].join(space);
        assert_eq!(redact_pii(&format!("paid with {card}, thanks")), "paid with [CARD], thanks", "{space:?}");
    }
    hold(&[
        ("219\u{a0}09\u{a0}9998", "[SSN]"),
        ("SSN 219\u{a0}09\u{a0}9998", "SSN [SSN]"),
        ("219\u{2011}09\u{2011}9998", "[SSN]"),
        ("219 09 9998", "219 09 9998"),
        ("DE89.3704.0044.0532.0130.00", "[IBAN]"),
        ("DE89-3704-0044-0532-0130-00", "[IBAN]"),
        ("DE89\u{a0}3704\u{a0}0044\u{a0}0532\u{a0}0130\u{a0}00", "[IBAN]"),
        ("IBANDE89370400440532013000", "IBAN[IBAN]"),
        ("DE89370400440532013000und", "[IBAN]und"),
        ("+49\u{a0}171\u{a0}2345678", "[PHONE]"),
        ("+49\u{2011}171\u{2011}2345678", "[PHONE]"),
        (
            "\u{ff14}\u{ff11}\u{ff11}\u{ff11}\u{ff11}\u{ff11}\u{ff11}\u{ff11}\u{ff11}\u{ff11}\u{ff11}\u{ff11}\u{ff11}\u{ff11}\u{ff11}\u{ff11}",
            "[CARD]",
        ),
        ("4111\u{200b}1111\u{200b}1111\u{200b}1111", "[CARD]"),
    ]);
}

#[test]
fn ipv6_is_found_behind_labels_and_before_ports() {
    hold(&[
        ("Received: from x ([IPv6:2001:db8::25])", "Received: from x ([IPv6:[IP_ADDRESS]])"),
        ("{ip:2001:db8::1}", "{ip:[IP_ADDRESS]}"),
        ("addr:fe80::1ff:fe23:4567:890a", "addr:[IP_ADDRESS]"),
        ("2001:db8:0:0:0:0:0:1:8080", "[IP_ADDRESS]:8080"),
        ("[2001:db8::1]:443", "[[IP_ADDRESS]]:443"),
        ("from ::1:", "from [IP_ADDRESS]:"),
        ("ip=2001:db8::1,2001:db8::2", "ip=[IP_ADDRESS],[IP_ADDRESS]"),
        ("00:1b:44:11:3a:b7", "00:1b:44:11:3a:b7"),
        ("aa:bb:cc:dd:ee:ff:00:11:22:33", "aa:bb:cc:dd:ee:ff:00:11:22:33"),
        ("std::fs::read at 12:30:45", "std::fs::read at 12:30:45"),
    ]);
}

#[test]
fn addresses_are_found_in_every_script_and_encoding() {
    hold(&[
        ("เขียนถึง สมชาย@ตัวอย่าง.ไทย ได้", "เขียนถึง [EMAIL] ได้"),
        ("தமிழ்@example.com", "[EMAIL]"),
        ("राम@उदाहरण.भारत को", "[EMAIL] को"),
        ("می\u{200c}خواهم@example.com", "[EMAIL]"),
        ("alice@@example.com", "[EMAIL]"),
        ("https://alice:p@ss@host.example.com/x", "https://[EMAIL]/x"),
        ("ftp://alice:secret@host.example.com", "ftp://[EMAIL]"),
        ("al\u{200b}ice@exam\u{200b}ple.com", "[EMAIL]"),
        ("alice%40example.com", "[EMAIL]"),
        ("mailto:alice%40example.com?subject=x", "mailto:[EMAIL]?subject=x"),
        ("?to=alice%40example.com&cc=bob%40example.com", "?to=[EMAIL]&cc=[EMAIL]"),
        ("alice&#64;example.com", "[EMAIL]"),
        ("alice&#x40;example&period;com", "[EMAIL]"),
        ("alice\u{ff20}example.com", "[EMAIL]"),
        ("level=info email=alice@example.com ip=203.0.113.5", "level=info email=[EMAIL] ip=[IP_ADDRESS]"),
        ("From: \"Ann\" <ann@example.com>", "From: \"Ann\" <[EMAIL]>"),
        ("[write](mailto:ann@example.com)", "[write](mailto:[EMAIL])"),
        ("@ann@social.example", "@ann@social.example"),
        ("a@b", "a@b"),
    ]);
}

#[test]
fn extensions_may_be_glued() {
    hold(&[
        ("415-555-2671X123", "[PHONE]X123"),
        ("415-555-2671x123", "[PHONE]x123"),
        ("415-555-2671ext.123", "[PHONE]ext.123"),
        ("(415) 555-2671ext123", "[PHONE]ext123"),
        ("+1 415 555 2671x9", "[PHONE]x9"),
    ]);
}

#[test]
fn harmless_numbers_stay() {
    for text in [
        "03 11 22 31 45",
        "0800 1200 1600",
        "550e8400-e29b-41d4-a716-446655440000",
        "12345678-1234-1234-1234-123456789012",
        "d41d8cd98f00b204e9800998ecf8427e",
        "a4111111111111111f",
        "3.14159265358979",
        "0.4111111111111111",
        "2026-01-07 09:30",
        "v1.2.3.4",
        "1.2.3.4.5",
        "https://example.com/users/4155552671",
        "https://example.com/orders/020-7946-0958/edit",
        "/users/0171-2345678",
        "costs $415 555 2671",
        "10,000,000,000",
        "[PHONE] and [EMAIL]",
    ] {
        assert_eq!(redact_pii(text), text);
    }
    hold(&[
        // But a valid card wins over the path, and a query says what its numbers are.
        ("https://example.com/pay/4111111111111111", "https://example.com/pay/[CARD]"),
        ("https://example.com/?tel=020-7946-0958", "https://example.com/?tel=[PHONE]"),
        ("https://203.0.113.5/x", "https://[IP_ADDRESS]/x"),
        ("https://wa.me/+4917123456789", "https://wa.me/[PHONE]"),
        ("call 03 11 22 31 45", "call [PHONE]"),
    ]);
}

#[test]
fn context_keeps_a_number_only_with_evidence() {
    hold(&[
        // Two numbers side by side, and a number behind a time or a column.
        ("020 7946 0958 030 1234567", "[PHONE] [PHONE]"),
        ("0171 2345678/0172 3456789", "[PHONE]/[PHONE]"),
        ("030 1234567 / 030 7654321", "[PHONE] / [PHONE]"),
        ("at 12:30 020 7946 0958", "at 12:30 [PHONE]"),
        ("Flat 12 020 7946 0958", "Flat 12 [PHONE]"),
        ("219-09-9998/415-555-2671", "[SSN]/[PHONE]"),
        ("020  7946  0958", "[PHONE]"),
        // The last column of a row.
        ("7,07911123456", "7,[PHONE]"),
        ("7,4111111111111111\n8,5555555555554444", "7,[CARD]\n8,[CARD]"),
        ("1,219-09-9998", "1,[SSN]"),
        // Words that are glued to a number.
        ("SSN219-09-9998", "SSN[SSN]"),
        ("Tel0171 2345678", "Tel[PHONE]"),
        ("ip203.0.113.5", "ip[IP_ADDRESS]"),
        ("4111111111111111exp 12/26", "[CARD]exp 12/26"),
        ("+4917123456789und", "[PHONE]und"),
        ("order 0049 171 2345678", "order [PHONE]"),
        // Words that name a number to call.
        ("Direct line: 415-555-2671", "Direct line: [PHONE]"),
        ("our customer 415-555-2671", "our customer [PHONE]"),
        ("Handynr 0171 2345678", "Handynr [PHONE]"),
        ("Privatnummer 0171 2345678", "Privatnummer [PHONE]"),
        ("Telefon-Nr. 0171 2345678", "Telefon-Nr. [PHONE]"),
        // A room that looks like the beginning of an account number.
        ("AT12 call me at 0664 1234567 tomorrow", "AT12 call me at [PHONE] tomorrow"),
        // Names that hold a sign of another thing.
        ("Return-Path: <bounce-ann=example.org@list.example>", "Return-Path: <[EMAIL]>"),
        ("sales/emea@example.com", "[EMAIL]"),
    ]);
}
