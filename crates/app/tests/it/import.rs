//! Files of CloudTrail events, of every kind and in every bad shape: what is read of them, and what is said of those that
//! cannot be read.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use keysweep_app::import::{self, Contents, FileError, Format};
use keysweep_core::evidence::ChangeSource;
use keysweep_core::key::KeyStatus;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const OTHER: &str = "444455556666";

fn record(number: u32, change: impl FnOnce(&mut Value)) -> Value {
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ad\"min}", "userName": "admin"},
        "eventTime": "2026-03-02T09:12:45Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "UpdateAccessKey",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.20",
        "requestParameters": {"userName": "app", "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "status": "Inactive"},
        "responseElements": null,
        "eventID": format!("64b7de64-bf53-47ae-b7e3-{number:012}"),
        "recipientAccountId": ACCOUNT,
    });
    change(&mut record);
    record
}

/// A status change, one of another operation, a refused one, and a change back.
fn records() -> Vec<Value> {
    vec![
        record(1, |_| ()),
        record(2, |record| {
            record["eventName"] = "CreateUser".into();
            record["requestParameters"] = json!({"deep": [[{"a": "]}"}], "\\"]});
        }),
        record(3, |record| record["errorCode"] = "AccessDenied".into()),
        record(4, |record| record["requestParameters"]["status"] = "Active".into()),
    ]
}

fn trail(records: &[Value]) -> Vec<u8> {
    json!({ "Records": records }).to_string().into_bytes()
}

/// As `aws cloudtrail lookup-events` prints a page: indented, the record as a text.
fn page(records: &[Value]) -> Vec<u8> {
    let event = |record: &Value| {
        json!({
            "EventId": record["eventID"], "EventName": record["eventName"], "ReadOnly": "false",
            "EventTime": "2026-03-02T10:12:45+01:00", "Username": "admin",
            "Resources": [{"ResourceType": "AWS::IAM::AccessKey", "ResourceName": "AKIAIOSFODNN7EXAMPLE"}],
            "CloudTrailEvent": record.to_string(),
        })
    };
    let events: Vec<Value> = records.iter().map(event).collect();
    serde_json::to_vec_pretty(&json!({ "Events": events, "NextToken": "abc" })).unwrap()
}

/// As the console writes it, `Resources` and user agents quoted.
const CSV: &str = "User name,AWS access key,Event time,Event source,Event name,AWS region,Source IP address,User agent,\
Error code,Resources,Request ID,Event ID,Read-only,Event type,Recipient Account Id,Event category
admin,ASIAX,2026-03-02T09:12:45Z,iam.amazonaws.com,UpdateAccessKey,us-east-1,192.0.2.20,\"Mozilla, 5.0\",,\
\"[{\"\"resourceType\"\":\"\"AWS::IAM::AccessKey\"\",\"\"resourceName\"\":\"\"AKIAIOSFODNN7EXAMPLE\"\"}]\",r,e-1,false,\
AwsApiCall,111122223333,Management
admin,ASIAX,2026-03-02T09:13:00Z,iam.amazonaws.com,UpdateAccessKey,us-east-1,192.0.2.20,cli,AccessDenied,[],r,e-2,false,\
AwsApiCall,111122223333,Management
i-1,ASIAX,2026-03-02T09:14:00Z,ssm.amazonaws.com,UpdateInstanceInformation,us-east-1,192.0.2.20,cli,,[],r,e-3,false,\
AwsApiCall,111122223333,Management
";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read(bytes: &[u8]) -> Result<Contents, FileError> {
    import::read("events", bytes, None)
}

fn whole(bytes: &[u8]) -> Contents {
    read(bytes).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(bytes: &[u8]) -> String {
    match read(bytes) {
        Err(error) => error.to_string(),
        Ok(contents) => panic!("{contents:?}"),
    }
}

/// The status changes as event, status and the number of the record.
fn changes(contents: &Contents) -> Vec<(String, KeyStatus, u64)> {
    let change = |change: &keysweep_core::evidence::StatusChange| {
        let ChangeSource::File { name, record } = &change.source else { panic!("{change:?}") };
        assert_eq!((name.as_str(), change.account), ("events", ACCOUNT.parse().ok()));
        (change.event.as_str()[24..].trim_start_matches('0').to_owned(), change.status, *record)
    };
    contents.changes.iter().map(change).collect()
}

#[test]
fn every_kind_of_json_tells_the_same() {
    let records = records();
    let texts: Vec<String> = records.iter().map(Value::to_string).collect();
    let pages = [page(&records[..2]), page(&[]), page(&records[2..])].concat();
    let with_mark = [b"\xef\xbb\xbf".as_slice(), &trail(&records)].concat();
    for (name, bytes, format) in [
        ("trail or console", trail(&records), Format::Records),
        (
            "trail, indented",
            serde_json::to_vec_pretty(&json!({"Records": records})).unwrap(),
            Format::Records,
        ),
        ("with a byte order mark", with_mark, Format::Records),
        ("two trail files in one", [trail(&records[..1]), trail(&records[1..])].concat(), Format::Records),
        ("one page", page(&records), Format::LookupEvents),
        ("pages, one after the other", pages, Format::LookupEvents),
        ("--query Events", serde_json::to_vec(&json!(records)).unwrap(), Format::Records),
        ("--query Events[].CloudTrailEvent", serde_json::to_vec(&json!(texts)).unwrap(), Format::Records),
    ] {
        for bytes in [gzip(&bytes), [gzip(&bytes[..9]), gzip(&bytes[9..])].concat(), bytes] {
            let contents = whole(&bytes);
            let expected = [("1".to_owned(), KeyStatus::Inactive, 1), ("4".to_owned(), KeyStatus::Active, 4)];
            assert_eq!(changes(&contents), expected, "{name}");
            let rest = (contents.format, contents.records, contents.refused, contents.of_iam_region);
            assert_eq!(rest, (format, 4, 1, true), "{name}");
            assert_eq!(contents.not_understood, [], "{name}");
        }
    }
}

/// A stream that gives a byte at a time, as a pipe may.
struct Drops<'a>(&'a [u8]);

impl Read for Drops<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(&mut into[..1])
    }
}

#[test]
fn it_does_not_matter_in_what_pieces_a_file_comes() {
    for bytes in [
        trail(&records()),
        page(&records()),
        CSV.as_bytes().to_vec(),
        b"\xef\xbb\xbf{\"Records\":[]}".to_vec(),
    ] {
        assert_eq!(import::read("events", Drops(&bytes), None), Ok(whole(&bytes)));
        assert_eq!(import::read("events", Drops(&gzip(&bytes)), None), Ok(whole(&bytes)));
    }
}

#[test]
fn the_csv_of_the_console_does_not_tell_the_status_and_nothing_is_guessed() {
    for bytes in [CSV.as_bytes().to_vec(), gzip(CSV.as_bytes()), CSV.replace('\n', "\r\n").into_bytes()] {
        let contents = whole(&bytes);
        assert_eq!((contents.format, contents.records, contents.refused), (Format::ConsoleCsv, 3, 1));
        assert_eq!(contents.changes, []);
        let [told] = contents.not_understood.as_slice() else { panic!("{:?}", contents.not_understood) };
        assert_eq!((told.record, told.event.as_ref().unwrap().as_str()), (1, "e-1"));
        assert_eq!(told.at, "2026-03-02T09:12:45Z".parse().ok());
        assert_eq!(told.key.as_ref().unwrap().as_str(), "AKIAIOSFODNN7EXAMPLE");
        assert!(told.reason.contains("download the JSON"), "{}", told.reason);
    }
    let less = CSV.replace(",Event ID", ",Event");
    assert!(refused(less.as_bytes()).contains("no column `Event ID`"), "{}", refused(less.as_bytes()));
}

#[test]
fn a_record_that_cannot_be_understood_leaves_the_others() {
    let mut all = records();
    all.insert(1, record(8, |record| record["requestParameters"] = Value::Null));
    all.insert(2, json!({"eventName": 5, "eventSource": "iam.amazonaws.com"}));
    all.insert(3, json!(["no", "record"]));
    let contents = whole(&trail(&all));
    assert_eq!(changes(&contents).iter().map(|change| change.2).collect::<Vec<_>>(), [1, 7]);
    let told: Vec<_> = contents.not_understood.iter().map(|told| (told.record, told.at.is_some())).collect();
    assert_eq!(told, [(2, true), (3, false), (4, false)]);

    // An envelope without a record, and one whose record is no JSON.
    let events = json!({"Events": [{"EventId": "e-1"}, {"EventId": "e-2", "CloudTrailEvent": "{"}, 7]});
    let contents = whole(events.to_string().as_bytes());
    assert_eq!(contents.not_understood.len(), 3, "{:?}", contents.not_understood);
    assert_eq!(contents.not_understood[0].event.as_ref().unwrap().as_str(), "e-1");
}

#[test]
fn changes_belong_to_the_account_that_they_name() {
    let of_other = record(5, |record| record["recipientAccountId"] = OTHER.into());
    let of_none = record(6, |record| record["recipientAccountId"] = Value::Null);
    let bytes = trail(&[record(1, |_| ()), of_other, of_none]);

    let all = whole(&bytes);
    let accounts: Vec<_> = all.changes.iter().map(|change| change.account.unwrap().to_string()).collect();
    assert_eq!(accounts, [ACCOUNT, OTHER]);
    assert!(all.not_understood[0].reason.contains("--account"), "{}", all.not_understood[0].reason);

    let only = import::read("events", bytes.as_slice(), ACCOUNT.parse().ok()).unwrap();
    assert_eq!(changes(&only).iter().map(|change| change.2).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(only.other_accounts, [(OTHER.parse().unwrap(), 1)].into());
    assert_eq!(only.not_understood, []);
}

#[test]
fn a_digest_has_no_records() {
    let digest =
        json!({"awsAccountId": ACCOUNT, "digestStartTime": "2026-03-02T09:00:00Z", "logFiles": [{}]});
    let contents = whole(&gzip(digest.to_string().as_bytes()));
    assert_eq!((contents.format, contents.records), (Format::Digest, 0));
}

#[test]
fn no_cut_off_file_is_taken_for_a_whole_one() {
    for bytes in [trail(&records()), page(&records())] {
        for end in 0..bytes.len() {
            let error = read(&bytes[..end]).map(|contents| contents.records).unwrap_err();
            assert!(end == 0 || error.place.is_some(), "{end}: {error}");
        }
        let compressed = gzip(&bytes);
        for end in 0..compressed.len() {
            assert!(read(&compressed[..end]).is_err(), "{end} of {}", compressed.len());
        }
    }
    let error = refused(&trail(&records())[..700]);
    assert_eq!(error, "byte 700, record 2: the file ends here in the middle of its JSON: it is cut off");
    // A table tells only where a row is cut.
    let last = CSV.trim_end();
    assert!(refused(&last.as_bytes()[..last.len() - 30]).contains("it may be cut off"));
}

#[test]
fn a_damaged_byte_of_a_compressed_file_is_noticed() {
    let bytes = trail(&records());
    let compressed = gzip(&bytes);
    for place in 10..compressed.len() {
        let mut damaged = compressed.clone();
        damaged[place] ^= 0x10;
        // The last byte of the compressed data may have bits that say nothing.
        let same = read(&damaged).is_ok_and(|contents| contents == whole(&bytes));
        assert!(read(&damaged).is_err() || same && place == compressed.len() - 9, "byte {place}");
    }
}

#[test]
fn what_is_foreign_is_refused_with_its_reason_and_place() {
    let utf16: Vec<u8> = "{\"Records\":[]}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, bytes, reason) in [
        ("nothing", Vec::new(), "it is empty"),
        ("blank", b" \n\t".to_vec(), "it is empty"),
        ("an image", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "neither JSON nor CSV"),
        ("UTF-16", [b"\xff\xfe".to_vec(), utf16].concat(), "UTF-16"),
        ("compressed twice", gzip(&gzip(&trail(&records()))), "compressed twice"),
        ("other JSON", b"{\"a\": [1]}".to_vec(), "byte 10, record 1: it has neither `Records` nor `Events`"),
        ("an empty object", b"{}".to_vec(), "it has neither `Records` nor `Events`"),
        ("a bare word", b"[tru]".to_vec(), "byte 1, record 1: no JSON"),
        ("a text", b"Dear all,\nsee below".to_vec(), "neither JSON nor the console's CSV"),
        (
            "a page of HTML",
            b"<html><body>Access denied</body></html>".to_vec(),
            "neither JSON nor the console's CSV",
        ),
        ("no comma", b"{\"Records\": [{} {}]}".to_vec(), "byte 16, record 2: here must be a `,` or a `]`"),
        ("no value", b"{\"Records\": [,]}".to_vec(), "byte 13, record 1: no JSON"),
        ("no colon", b"{\"Records\" []}".to_vec(), "byte 11, record 1: here must be a `:`"),
        ("a comma too many", b"{\"Records\": [],}".to_vec(), "here must be the name of a member"),
        ("wrong brackets", b"{\"Records\": [{]}]}".to_vec(), "byte 13, record 1: no JSON"),
        (
            "text after it",
            b"{\"Records\": []} and so on".to_vec(),
            "byte 16, record 1: here must be a `{` or a `[`",
        ),
        ("no UTF-8", b"{\"Records\": [{\"eventName\": \"\xff\"}]}".to_vec(), "byte 13, record 1: not UTF-8"),
    ] {
        let error = refused(&bytes);
        assert!(error.contains(reason), "{name}: {error}");
    }
}

#[test]
fn depth_breaks_nothing() {
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let bare = whole(format!(r#"{{"a":{open}{close},"Records":[{open}{close}]}}"#).as_bytes());
    assert_eq!(bare.not_understood.len(), 1);
    let deep = |name: &str| {
        let record = record(1, |record| record["eventName"] = name.into()).to_string();
        record
            .replace(r#""responseElements":null"#, &format!(r#""responseElements":{open}{close}"#))
            .replace(r#""userName":"app""#, &format!(r#""userName":"app","x":{open}{close}"#))
    };
    assert_eq!(whole(format!("[{}]", deep("CreateUser")).as_bytes()).not_understood, []);
    let deep = whole(format!("[{}]", deep("UpdateAccessKey")).as_bytes());
    assert!(deep.not_understood[0].reason.contains("recursion limit"), "{:?}", deep.not_understood);
}

#[test]
fn a_name_that_stands_twice_is_never_chosen_between() {
    let twice = record(1, |_| ()).to_string().replace(
        r#""eventName":"UpdateAccessKey""#,
        r#""eventName":"CreateUser","eventName":"UpdateAccessKey""#,
    );
    let contents = whole(format!(r#"{{"Records":[{twice}]}}"#).as_bytes());
    assert!(contents.changes.is_empty());
    assert!(contents.not_understood[0].reason.contains("duplicate"), "{:?}", contents.not_understood);
}

#[test]
fn a_bomb_is_left_before_it_bursts() {
    // Spaces between records: a gigabyte in a megabyte.
    let spaces = gzip(&b" ".repeat(1 << 20));
    let bomb = [gzip(br#"{"Records":["#), spaces.repeat(1 << 10), gzip(b"]}")].concat();
    let error = read(&bomb).unwrap_err();
    assert!(error.reason.contains("no events compress like that"), "{error}");
    let byte = error.place.unwrap().byte;
    assert!(byte < 17 << 20, "{byte}");
}

#[test]
fn a_record_without_an_end_is_left_at_the_limit() {
    for beginning in
        [br#"{"Records":[{"a":""#.as_slice(), br#"{""#, CSV.as_bytes(), &[CSV.as_bytes(), b"\""].concat()]
    {
        let endless = beginning.chain(io::repeat(b'x'));
        let error = import::read("events", endless, None).unwrap_err();
        assert!(error.reason.contains("a single record is"), "{error}");
    }
}

#[test]
fn a_directory_is_listed_in_order_and_no_link_is_followed() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    std::fs::create_dir_all(root.join("b/2026")).unwrap();
    for name in ["z.json", "a.json.gz", "b/2026/c.json", "b/a"] {
        std::fs::write(root.join(name), b"").unwrap();
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(root, root.join("b/loop")).unwrap();
        std::os::unix::fs::symlink(root.join("z.json"), root.join("link.json")).unwrap();
    }
    let listing = import::list(root).unwrap();
    let names = |paths: &[std::path::PathBuf]| -> Vec<String> {
        let name = |path: &std::path::PathBuf| path.strip_prefix(root).unwrap().display().to_string();
        paths.iter().map(name).collect()
    };
    assert_eq!(names(&listing.files), ["a.json.gz", "b/2026/c.json", "b/a", "z.json"]);
    #[cfg(unix)]
    assert_eq!(names(&listing.passed_over), ["b/loop", "link.json"]);
    #[cfg(unix)]
    assert_eq!(import::list(&root.join("link.json")).unwrap().files, [root.join("link.json")]);
    assert!(import::list(&root.join("nothing")).is_err());
}
