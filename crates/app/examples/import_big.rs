//! Reads a file of a trail as large as asked for, made while it is read, and says how fast and in how much memory:
//! `scripts/import-big MEGABYTES`. A record in a thousand is a status change. Exit code 1 above 64 MiB of memory.

use std::io::Read;
use std::process::ExitCode;
use std::time::Instant;

use keysweep_app::import;

/// The most memory that the process may ever have held.
const MOST_KIB: u64 = 64 << 10;

/// `{"Records":[…]}` of at least so many bytes.
struct Trail {
    left: u64,
    number: u64,
    part: Vec<u8>,
    given: usize,
    ended: bool,
}

impl Trail {
    fn new(bytes: u64) -> Self {
        Self { left: bytes, number: 0, part: br#"{"Records":["#.to_vec(), given: 0, ended: false }
    }

    fn next_part(&mut self) {
        self.given = 0;
        if self.left == 0 {
            self.part = if self.ended { Vec::new() } else { b"]}".to_vec() };
            self.ended = true;
            return;
        }
        let comma = if self.number == 0 { "" } else { "," };
        self.number += 1;
        let (source, name) = if self.number.is_multiple_of(1_000) {
            ("iam.amazonaws.com", "UpdateAccessKey")
        } else {
            ("ec2.amazonaws.com", "DescribeInstances")
        };
        let second = self.number % 86_400;
        self.part = format!(
            r#"{comma}{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","principalId":"AIDAEXAMPLEEXAMPLEEX","arn":"arn:aws:iam::111122223333:user/admin","accountId":"111122223333","accessKeyId":"AKIAEXAMPLEADMINEXAM","userName":"admin"}},"eventTime":"2026-03-02T{:02}:{:02}:{:02}Z","eventSource":"{source}","eventName":"{name}","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.20","userAgent":"aws-cli/2.27.41 md/awscrt#0.26.1 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.4","requestParameters":{{"userName":"app","accessKeyId":"AKIAIOSFODNN7EXAMPLE","status":"Inactive","maxResults":1000}},"responseElements":null,"requestID":"6e516ef1-9cd8-47ad-b467-3f672af5d137","eventID":"64b7de64-bf53-47ae-b7e3-{:012x}","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"ec2.us-east-1.amazonaws.com"}}}}"#,
            second / 3_600,
            second / 60 % 60,
            second % 60,
            self.number
        )
        .into_bytes();
        self.left = self.left.saturating_sub(self.part.len() as u64);
    }
}

impl Read for Trail {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.given == self.part.len() {
            self.next_part();
        }
        let rest = &self.part[self.given..];
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        self.given += length;
        Ok(length)
    }
}

/// The most memory that this process has held, in KiB, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn main() -> ExitCode {
    let Some(megabytes) = std::env::args().nth(1).and_then(|text| text.parse::<u64>().ok()) else {
        println!("usage: scripts/import-big MEGABYTES");
        return ExitCode::from(2);
    };
    let began = Instant::now();
    let contents = match import::read("big.json", Trail::new(megabytes << 20), None) {
        Ok(contents) => contents,
        Err(error) => {
            println!("not read: {error}");
            return ExitCode::FAILURE;
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    println!("size      {megabytes} MiB, {} records", contents.records);
    println!("found     {} status changes", contents.changes.len());
    println!("time      {seconds:.2} s, made and read on one core");
    println!("speed     {:.0} MiB/s", f64::from(u32::try_from(megabytes).unwrap_or(u32::MAX)) / seconds);
    match peak() {
        Some(peak) => println!(
            "memory    {:.1} MiB at most",
            f64::from(u32::try_from(peak).unwrap_or(u32::MAX)) / 1024.0
        ),
        None => println!("memory    not told by this system"),
    }
    let complete =
        contents.changes.len() as u64 == contents.records / 1_000 && contents.not_understood.is_empty();
    if complete && peak().is_none_or(|peak| peak <= MOST_KIB) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
