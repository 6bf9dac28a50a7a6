//! The bytes of every kind are format version 1 and stay as they are here; every command has one
//! form; no byte of a payload goes unchecked.

mod samples;
mod streams;

use orison_core::command::{Genesis, Order};
use orison_core::{Command, Price};
use proptest::prelude::*;

use super::{
    DecodeError, Encoded, Kind, PAYLOAD_ALIGN, VERSION, decode, decode_into, encode, encode_into,
};
use samples::{FIRST_RULES, ann, limit, samples};
use streams::a_command;

/// What the first build wrote, what came with the second rules, and with trades and books of
/// venues. A change there is a new version
/// of the kind with a file of its own, never another line.
const GOLDEN: [&str; 3] = [
    include_str!("golden/version_1.txt"),
    include_str!("golden/version_1_second_rules.txt"),
    include_str!("golden/version_1_external.txt"),
];

/// `02 Instrument`, then its bytes.
fn written(kind: Kind, command: &Command) -> Vec<String> {
    let encoded = encode(command);
    let mut lines = vec![format!("{:02x} {kind:?}", encoded.kind)];
    for row in encoded.payload().chunks(32) {
        let hex: String = row.iter().map(|byte| format!("{byte:02x}")).collect();
        lines.push(format!("   {hex}"));
    }
    lines
}

#[test]
fn the_bytes_of_every_kind_are_format_version_1() {
    let samples = samples();
    let mut kinds = 0;
    for golden in GOLDEN {
        let stands_there = |(kind, _): &&(Kind, Command)| {
            golden.contains(&format!("\n{:02x} {kind:?}\n", *kind as u8))
        };
        let lines: Vec<_> = samples
            .iter()
            .filter(stands_there)
            .inspect(|_| kinds += 1)
            .flat_map(|(kind, command)| written(*kind, command))
            .collect();
        assert_eq!(lines, golden.lines().skip(1).collect::<Vec<_>>());
    }
    assert_eq!(kinds, Kind::ALL.len());
}

#[test]
fn each_kind_of_the_table_has_a_sample_of_its_own_form() {
    let samples = samples();
    let kinds: Vec<_> = samples.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, Kind::ALL);
    for (kind, command) in samples {
        let encoded = encode(&command);
        assert_eq!((encoded.kind, encoded.version), (kind as u8, VERSION));
        assert_eq!(Kind::from_byte(encoded.kind), Some(kind));
        assert_eq!(encoded.payload().len(), kind.payload_bytes());
        assert_eq!(decode(encoded.kind, VERSION, encoded.payload()), Ok(command));
    }
}

#[test]
fn a_command_read_in_the_place_of_another_keeps_nothing_of_it() {
    let samples = samples();
    for (_, earlier) in &samples {
        for (kind, command) in &samples {
            let (encoded, mut place) = (encode(command), *earlier);
            let read = decode_into(&mut place, encoded.kind, VERSION, encoded.payload());
            assert_eq!((read, &place), (Ok(()), command), "{kind:?} after {earlier:?}");
        }
    }
}

#[test]
fn every_byte_of_a_payload_is_part_of_the_command_or_checked() {
    for (kind, command) in samples() {
        let encoded = encode(&command);
        for index in 0..encoded.payload().len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut payload = encoded.payload().to_vec();
                payload[index] ^= flip;
                match decode(encoded.kind, VERSION, &payload) {
                    Err(_) => {}
                    Ok(other) => {
                        assert_ne!(other, command, "{kind:?} byte {index} ^ {flip:#x}");
                        assert_eq!(encode(&other).payload(), payload, "{kind:?} byte {index}");
                    }
                }
            }
        }
    }
}

fn sample_command(kind: Kind) -> Command {
    samples().into_iter().find(|(known, _)| *known == kind).unwrap().1
}

fn sample(kind: Kind) -> Encoded {
    encode(&sample_command(kind))
}

#[test]
fn what_is_not_a_command_of_ours_is_refused_with_the_reason() {
    let (cancel, place) = (sample(Kind::Cancel), sample(Kind::PlaceClient));
    let (genesis, transfer) = (sample(Kind::Genesis), sample(Kind::Transfer));
    let end = sample(Kind::EndOfDay);
    let with = |encoded: &Encoded, index: usize, byte: u8| {
        let mut payload = encoded.payload().to_vec();
        payload[index] = byte;
        payload
    };
    let field = |kind: Kind, field, value| DecodeError::Field { kind: kind as u8, field, value };
    let lowest_terms = field(Kind::Transfer, "amount_scale", 1);
    let rows = [
        (0x00, 1, vec![], DecodeError::UnknownKind { kind: 0, version: 1 }),
        (0xf0, 1, vec![], DecodeError::UnknownKind { kind: 0xf0, version: 1 }),
        (0x03, 2, vec![], DecodeError::UnknownKind { kind: 3, version: 2 }),
        (0x03, 1, vec![0], DecodeError::Width { kind: 3, bytes: 1, expected: 0 }),
        (0x20, 1, vec![0; 23], DecodeError::Width { kind: 0x20, bytes: 23, expected: 24 }),
        (0x20, 1, with(&cancel, 23, 4), field(Kind::Cancel, "reserved", 4)),
        (0x11, 1, with(&place, 24, 2), field(Kind::PlaceClient, "side", 2)),
        (0x11, 1, with(&place, 23, 0x80), field(Kind::PlaceClient, "fields", 0x8003)),
        (0x11, 1, with(&place, 25, 0), field(Kind::PlaceClient, "order_type", 0)),
        (0x11, 1, with(&place, 28, 7), field(Kind::PlaceClient, "client_order_id", 7)),
        (0x11, 1, with(&place, 40, b'x'), field(Kind::PlaceClient, "client_order_id", 0)),
        (0x01, 1, with(&genesis, 0, 2), field(Kind::Genesis, "rules_version", 2)),
        (0x62, 1, with(&end, 2, 2), field(Kind::EndOfDay, "given", 2)),
        (0x62, 1, with(&end, 2, 0), field(Kind::EndOfDay, "instrument", 3)),
        (0x68, 1, with(&transfer, 0, 0u8.wrapping_sub(100)), lowest_terms),
        (0x68, 1, with(&transfer, 20, 39), field(Kind::Transfer, "amount_scale", 39)),
        (0x68, 1, with(&transfer, 21, 3), field(Kind::Transfer, "direction", 3)),
        (0x68, 1, with(&transfer, 22, 2), field(Kind::Transfer, "account_by", 2)),
    ];
    for (kind, version, payload, error) in rows {
        assert_eq!(decode(kind, version, &payload), Err(error));
    }
}

/// Rows: a command in a wide form, the bytes in which it differs from what a narrower one holds.
#[test]
fn a_wider_form_than_needed_is_refused() {
    let trailing = Command::Place(Order { trail: Price(1), ..limit() });
    let first_rules = Command::Genesis(Genesis { actor: ann(), ..FIRST_RULES });
    for (command, differing, narrower) in [
        (trailing, 24..25, Kind::Place),
        (first_rules, 40..72, Kind::Genesis),
        (sample_command(Kind::InstrumentBy), 144..176, Kind::Instrument),
        (sample_command(Kind::MassCancelBy), 48..80, Kind::MassCancel),
    ] {
        let encoded = encode(&command);
        let mut payload = encoded.payload().to_vec();
        payload[differing].fill(0);
        assert_eq!(
            decode(encoded.kind, VERSION, &payload),
            Err(DecodeError::NotNarrowest { kind: encoded.kind, narrower: narrower as u8 })
        );
    }
}

#[test]
fn a_genesis_of_the_first_rules_has_the_limits_it_was_written_with() {
    let rows = [
        (FIRST_RULES, Kind::Genesis),
        (Genesis { orders_max: 1, rules_version: 0, ..FIRST_RULES }, Kind::Genesis),
        (Genesis { rules_version: 2, ..FIRST_RULES }, Kind::GenesisWide),
        (Genesis { positions_max: 1, ..FIRST_RULES }, Kind::GenesisWide),
        (Genesis { balances_max: 1, ..FIRST_RULES }, Kind::GenesisWide),
        (Genesis { trailing_max: 1, ..FIRST_RULES }, Kind::GenesisWide),
        (Genesis { actor: ann(), ..FIRST_RULES }, Kind::GenesisWide),
    ];
    for (genesis, kind) in rows {
        let encoded = encode(&Command::Genesis(genesis));
        assert_eq!(encoded.kind, kind as u8, "{genesis:?}");
        let decoded = decode(encoded.kind, VERSION, encoded.payload());
        assert_eq!(decoded, Ok(Command::Genesis(genesis)));
    }
}

#[test]
fn what_an_earlier_command_left_behind_is_no_part_of_the_next() {
    let mut reused = Encoded::CLOCK;
    for (_, before) in samples() {
        for (kind, command) in samples() {
            encode_into(&mut reused, &before);
            encode_into(&mut reused, &command);
            let fresh = encode(&command);
            assert_eq!((reused.kind, reused.version), (kind as u8, VERSION));
            assert_eq!(reused.payload(), fresh.payload(), "{kind:?} after {before:?}");
        }
    }
}

#[test]
fn a_payload_is_read_at_any_alignment() {
    for (_, command) in samples() {
        let encoded = encode(&command);
        for shift in 0..PAYLOAD_ALIGN {
            let mut bytes = vec![0; shift];
            bytes.extend_from_slice(encoded.payload());
            assert_eq!(decode(encoded.kind, VERSION, &bytes[shift..]), Ok(command));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_command_survives_its_only_form(command in a_command()) {
        let encoded = encode(&command);
        prop_assert_eq!(decode(encoded.kind, encoded.version, encoded.payload()), Ok(command));
    }

    #[test]
    fn bytes_that_decode_are_what_the_command_encodes_to(
        command in a_command(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let encoded = encode(&command);
        let mut payload = encoded.payload().to_vec();
        for (index, byte) in changes {
            if !payload.is_empty() {
                let index = index.index(payload.len());
                payload[index] = byte;
            }
        }
        if let Ok(decoded) = decode(encoded.kind, VERSION, &payload) {
            let again = encode(&decoded);
            prop_assert_eq!(again.kind, encoded.kind);
            prop_assert_eq!(again.payload(), &payload[..]);
        }
    }
}
