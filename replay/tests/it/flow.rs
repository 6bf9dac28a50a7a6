//! Recorded flow: tiny recordings made by hand, and the real one where it is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use orison_core::Symbol;
use replay::flow::{Mismatch, Options, Report, run};

use crate::run::{text, tool};

const HEADER: &str = "row,t_ns,op,id,side,price,qty,fills\n";

/// Two seeds, a cross that rests, reduces, a cancel, an amend that crosses, a name that comes
/// again.
const GOOD: &str = "\
0,100,S,1,A,1000,50,
0,100,S,2,B,900,40,
1,200,L,3,B,1000,80,1:1000:50
2,300,R,3,B,1000,10,
3,300,X,2,B,900,40,
4,400,L,1,A,1100,5,
5,500,I,agg0,A,1000,7,3:1000:7
6,600,D,3,B,1000,13,
7,700,L,4,B,950,9,
8,800,M,1,A,950,12,4:950:9
9,900,D,1,A,950,3,
";

/// The book after each row of `GOOD`, two levels a side.
const GOOD_DEPTH: &str = "\
1000,50,900,40,9999999999,0,-9999999999,0
9999999999,0,1000,30,9999999999,0,900,40
9999999999,0,1000,20,9999999999,0,900,40
9999999999,0,1000,20,9999999999,0,-9999999999,0
1100,5,1000,20,9999999999,0,-9999999999,0
1100,5,1000,13,9999999999,0,-9999999999,0
1100,5,-9999999999,0,9999999999,0,-9999999999,0
1100,5,950,9,9999999999,0,-9999999999,0
950,3,-9999999999,0,9999999999,0,-9999999999,0
9999999999,0,-9999999999,0,9999999999,0,-9999999999,0
";

fn options(recording: PathBuf) -> Options {
    let symbol = Symbol::new("X").unwrap();
    Options { recording, journal: None, symbol, depth: None, executions: None }
}

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

/// Without the time it took.
fn untimed(report: Report) -> Report {
    Report { seconds: 0.0, ..report }
}

fn good_report() -> Report {
    Report { commands: 11, fills: 3, depth_rows: 10, ..Report::default() }
}

#[test]
fn what_the_venue_did_is_reproduced_both_ways_plain_and_compressed() {
    let folder = tempfile::tempdir().unwrap();
    let plain = write(folder.path(), "flow.csv", format!("{HEADER}{GOOD}"));
    let bytes = zstd::encode_all(fs::File::open(&plain).unwrap(), 3).unwrap();
    let compressed = write(folder.path(), "flow.csv.zst", bytes);
    let depth = Some(write(folder.path(), "depth.csv", GOOD_DEPTH));
    for (index, recording) in [plain, compressed].into_iter().enumerate() {
        for journal in [None, Some(folder.path().join(format!("journal-{index}")))] {
            let depth = depth.clone();
            let options = Options { journal, depth, ..options(recording.clone()) };
            assert_eq!(untimed(run(&options, |_| {}).unwrap()), good_report());
        }
    }
}

#[test]
fn executions_are_written_by_the_recordings_own_names() {
    let folder = tempfile::tempdir().unwrap();
    let recording = write(folder.path(), "flow.csv", format!("{HEADER}{GOOD}"));
    let executions = folder.path().join("executions.csv");
    let options = Options { executions: Some(executions.clone()), ..options(recording) };
    run(&options, |_| {}).unwrap();
    assert_eq!(
        fs::read_to_string(executions).unwrap(),
        "row,maker,taker,price,qty\n1,1,3,1000,50\n5,3,agg0,1000,7\n8,4,1,950,9\n"
    );
}

#[test]
fn each_way_of_differing_is_counted_and_the_first_is_named() {
    type Counts = (u64, u64, u64);
    let rows: &[(&str, &str, &str, Counts, &str)] = &[
        ("fill of another quantity", "1:1000:50", "1:1000:49", (1, 0, 0), "fills"),
        ("fill at another price", "1:1000:50", "1:1001:50", (1, 0, 0), "fills"),
        ("fill with another order", "1:1000:50", "2:1000:50", (1, 0, 0), "fills"),
        ("fill too many", "4:950:9", "4:950:9|4:950:1", (1, 0, 0), "fills"),
        ("fill not recorded", "4:950:9", "", (1, 0, 0), "fills"),
        (
            "cancel of another quantity",
            "6,600,D,3,B,1000,13",
            "6,600,D,3,B,1000,14",
            (0, 1, 0),
            "quantity",
        ),
        ("cancel of nothing", "9,900,D,1,", "9,900,D,nobody,", (0, 1, 1), "quantity"),
        (
            "reduction of too much",
            "2,300,R,3,B,1000,10",
            "2,300,R,3,B,1000,31",
            (1, 2, 4),
            "quantity",
        ),
        ("amend of nothing", "8,800,M,1,", "8,800,M,nobody,", (1, 2, 2), "quantity"),
        ("another book", "7,700,L,4,B,950,9", "7,700,L,4,B,950,10", (1, 1, 2), "depth"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let depth = Some(write(folder.path(), "depth.csv", GOOD_DEPTH));
    for (index, (what, old, new, counts, kind)) in rows.iter().enumerate() {
        assert!(GOOD.contains(old), "{what}");
        let flow = format!("{HEADER}{}", GOOD.replacen(old, new, 1));
        let recording = write(folder.path(), "flow.csv", flow);
        let directory = folder.path().join(format!("journal-{index}"));
        let mut reports = Vec::new();
        for journal in [None, Some(directory)] {
            let options = Options { journal, depth: depth.clone(), ..options(recording.clone()) };
            reports.push(untimed(run(&options, |_| {}).unwrap()));
        }
        assert_eq!(reports[0], reports[1], "{what}: the core alone and the pipeline");
        let report = reports.remove(0);
        let found = (report.fill_mismatches, report.quantity_mismatches, report.depth_mismatches);
        assert_eq!(found, *counts, "{what}: {report:?}");
        assert_eq!(report.first_mismatch.as_ref().unwrap().kind, *kind, "{what}: {report:?}");
    }
}

#[test]
fn a_difference_says_what_was_recorded_and_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let flow = format!("{HEADER}{}", GOOD.replacen("1:1000:50", "1:1000:49", 1));
    let recording = write(folder.path(), "flow.csv", flow);
    let report = run(&options(recording.clone()), |_| {}).unwrap();
    let expected = Mismatch {
        kind: "fills",
        line: 4,
        row: 1,
        id: "3".to_owned(),
        expected: "1:1000:49".to_owned(),
        found: "1:1000:50".to_owned(),
    };
    assert_eq!(report.first_mismatch, Some(expected));
    let ended = tool(&["flow", text(&recording), "--json"]);
    assert_eq!(ended.status, 1, "{ended:?}");
    let start = "{\"commands\":11,\"fills\":3,\"fill_mismatches\":1,\"quantity_mismatches\":0,\
                 \"depth_rows\":0,\"depth_mismatches\":0,\"first_mismatch\":{\"kind\":\"fills\",\
                 \"line\":4,\"row\":1,\"id\":\"3\",\"expected\":\"1:1000:49\",\
                 \"found\":\"1:1000:50\"},\"seconds\":";
    assert!(ended.out.starts_with(start), "{}", ended.out);
}

#[test]
fn input_that_cannot_be_used_is_named_by_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let good = format!("{HEADER}{GOOD}");
    for (what, flow, place) in [
        ("no header", GOOD.to_owned(), "flow.csv line 1, column 1: the header must be"),
        ("empty", String::new(), "flow.csv line 1, column 1: the header must be"),
        ("op", good.replacen(",S,", ",Q,", 1), "line 2, column op: `Q` is none of"),
        ("side", good.replacen(",A,1000,50", ",C,1000,50", 1), "line 2, column side: `C` is"),
        ("price", good.replacen(",1000,50,", ",10.5,50,", 1), "line 2, column price: `10.5` is"),
        ("zero price", good.replacen(",1000,50,", ",0,50,", 1), "line 2, column price: 0 is"),
        ("quantity", good.replacen(",1000,50,", ",1000,,", 1), "line 2, column qty: `` is"),
        ("zero", good.replacen(",1000,50,", ",1000,0,", 1), "line 2, column qty: 0 is outside"),
        ("fills", good.replacen("1:1000:50", "1:1000", 1), "line 4, column fills: `1:1000` is"),
        ("time", good.replacen("2,300", "2,x", 1), "line 5, column t_ns: `x` is not"),
        ("time back", good.replacen("2,300", "2,199", 1), "line 5, column t_ns: 199 is before"),
        ("row back", good.replacen("2,300", "0,300", 1), "line 5, column row: 0 is before 1"),
        ("columns", good.replacen(",50,\n", ",50\n", 1), "line 2, column fills: 7 columns"),
        ("id", good.replacen("S,1,", "S,,", 1), "line 2, column id: it is empty"),
        ("seeded", good.replacen("S,2,", "S,1,", 1), "line 3, column id: `1` names an order"),
        ("in use", good.replacen("L,4,", "L,1,", 1), "line 10, column id: `1` names an order"),
        ("at once", good.replacen("I,agg0", "I,1", 1), "line 8, column id: `1` names an order"),
    ] {
        let recording = write(folder.path(), "flow.csv", flow);
        let directory = folder.path().join(format!("journal-{what}"));
        for journal in [&[][..], &["--journal", text(&directory)]] {
            let ended = tool(&[&["flow", text(&recording)], journal].concat());
            assert_eq!(ended.status, 2, "{what}: {ended:?}");
            assert!(ended.err.contains(place), "{what}: {}", ended.err);
            assert!(ended.err.contains("flow.csv"), "{what}: {}", ended.err);
        }
    }
    let recording = write(folder.path(), "flow.csv", &good);
    let missing = folder.path().join("missing.csv");
    let ended = tool(&["flow", text(&missing)]);
    assert_eq!((ended.status, ended.err.matches("No such file").count()), (2, 1), "{ended:?}");
    for (what, depth, place) in [
        ("short", "1000,50,900,40\n", "depth.csv line 2, column 1: the file ends"),
        ("no number", "1000,x,900,40\n", "depth.csv line 1, column 2: `x` is"),
        ("no level", "1000,50,900\n", "depth.csv line 1, column 3: 3 columns"),
    ] {
        let depth = write(folder.path(), "depth.csv", depth);
        let ended = tool(&["flow", text(&recording), "--depth", text(&depth)]);
        assert_eq!(ended.status, 2, "{what}: {ended:?}");
        assert!(ended.err.contains(place), "{what}: {}", ended.err);
    }
    let cut = zstd::encode_all(good.as_bytes(), 3).unwrap();
    let cut = write(folder.path(), "cut.csv.zst", &cut[..cut.len() / 2]);
    assert_eq!(tool(&["flow", text(&cut)]).status, 2);
}

#[test]
fn a_flow_begins_its_own_journal() {
    let folder = tempfile::tempdir().unwrap();
    let recording = write(folder.path(), "flow.csv", format!("{HEADER}{GOOD}"));
    let directory = folder.path().join("journal");
    let args = ["flow", text(&recording), "--journal", text(&directory), "--symbol", "GOOG"];
    assert_eq!(tool(&args).status, 0);
    assert_eq!(tool(&["verify", text(&directory)]).status, 0);
    let book = tool(&["book", text(&directory), "--symbol", "GOOG", "--at", "200ns"]);
    assert!(book.out.contains("1000"), "{book:?}");
    let again = tool(&args);
    assert_eq!(again.status, 2);
    assert!(again.err.contains("there is a journal already"), "{again:?}");
}

#[test]
fn every_run_through_the_pipeline_gives_the_same_digest() {
    let folder = tempfile::tempdir().unwrap();
    let recording = write(folder.path(), "flow.csv", format!("{HEADER}{GOOD}"));
    let mut digests = Vec::new();
    for run in ["a", "b", "c"] {
        let directory = folder.path().join(run);
        let ended = tool(&["flow", text(&recording), "--journal", text(&directory)]);
        assert_eq!(ended.status, 0, "{ended:?}");
        digests.push(tool(&["digest", text(&directory), "--json"]).out);
    }
    assert!(digests[0].contains("\"sequence\":13"), "{digests:?}");
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
}

#[test]
fn the_real_session_is_reproduced_without_a_difference() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let recording = data.join("GOOG_10.csv.zst");
    if !recording.exists() {
        eprintln!("SKIPPED: {} is not there; the real session was not run", recording.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let depth = real_depth(&data).map(|book| write(folder.path(), "depth.csv", book));
    let depth_rows = if depth.is_some() { 142_082 } else { 0 };
    for journal in [None, Some(folder.path().join("journal"))] {
        let options = Options { journal, depth: depth.clone(), ..options(recording.clone()) };
        let expected = Report { commands: 195_525, fills: 7_748, depth_rows, ..Report::default() };
        assert_eq!(untimed(run(&options, |_| {}).unwrap()), expected);
    }
    assert_eq!(tool(&["verify", text(&folder.path().join("journal"))]).status, 0);
}

/// The recorded order book from 09:30:01 on. None, and a loud line: it cannot be unpacked here.
fn real_depth(data: &Path) -> Option<String> {
    let archive = data.join("LOBSTER_SampleFile_GOOG_2012-06-21_10.zip");
    let unpacked = Command::new("unzip").arg("-p").arg(&archive).arg("*orderbook*").output();
    match unpacked {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8(output.stdout).unwrap();
            Some(text.lines().skip(64).fold(String::new(), |book, line| book + line + "\n"))
        }
        failed => {
            eprintln!("SKIPPED: {} was not unpacked: {failed:?}", archive.display());
            None
        }
    }
}
