//! CloudFormation: a template with the roles of each account, for a StackSet, and one with the permissions of whoever
//! runs keysweep. Partition and account are found out where a stack is made.

use std::fmt::Write as _;

use keysweep_core::call::Resource;
use keysweep_core::permissions::Grant;

use super::{CLEAN_UP_SUFFIX, Names, PolicyFile, quoted};

pub(super) fn files(names: &Names) -> Vec<PolicyFile> {
    vec![
        PolicyFile { path: "keysweep-account.yaml".to_owned(), text: account(names) },
        PolicyFile { path: "keysweep-caller.yaml".to_owned(), text: caller(names) },
    ]
}

/// `Statement:` of a grant, its items indented by `indent` spaces.
fn statements(names: &Names, grant: Grant, indent: usize) -> String {
    let space = " ".repeat(indent);
    let mut text = String::new();
    for statement in grant.statements() {
        let _ = write!(text, "{space}- Sid: {}\n{space}  Effect: Allow\n{space}  Action:\n", statement.sid);
        for action in &statement.actions {
            let _ = writeln!(text, "{space}    - {action}");
        }
        let resource = match statement.resource {
            Resource::Any => quoted("*"),
            Resource::Users => "!Sub \"arn:${AWS::Partition}:iam::${AWS::AccountId}:user/*\"".to_owned(),
            Resource::MemberRole => {
                let suffix = if grant == Grant::CleanUpEntry { CLEAN_UP_SUFFIX } else { "" };
                format!("!Sub \"arn:${{AWS::Partition}}:iam::*:role${{RolePath}}${{RoleName}}{suffix}\"")
            }
            Resource::OwnProduct => {
                "!Sub \"arn:${AWS::Partition}:securityhub:*:${AWS::AccountId}:product/${AWS::AccountId}/default\""
                    .to_owned()
            }
            Resource::Reports => format!("!Sub \"arn:${{AWS::Partition}}:s3:::{}\"", names.objects()),
        };
        let _ = writeln!(text, "{space}  Resource: {resource}");
    }
    text
}

/// What both templates are told: which role.
fn role_parameters(names: &Names) -> String {
    format!(
        "  RoleName:
    Type: String
    Default: {}
    MinLength: 1
    # The role that cleans up has {CLEAN_UP_SUFFIX} behind this name, and a name has 64 characters at most.
    MaxLength: {}
    AllowedPattern: \"[A-Za-z0-9_+=,.@-]+\"
    Description: The role that scans (keysweep scan --role-name).
  RolePath:
    Type: String
    Default: {}
    MaxLength: 512
    AllowedPattern: \"/([A-Za-z0-9_+=,.@-]+/)*\"
    Description: Its path (keysweep scan --role-path).
",
        quoted(&names.role_name),
        64 - CLEAN_UP_SUFFIX.len(),
        quoted(&names.role_path)
    )
}

fn switch(name: &str, description: &str) -> String {
    format!(
        "  {name}:
    Type: String
    Default: \"false\"
    AllowedValues: [\"true\", \"false\"]
    Description: {description}
"
    )
}

fn account(names: &Names) -> String {
    let trusted = match names.trusted_account {
        None => String::new(),
        Some(account) => format!("    Default: {}\n", quoted(&account.to_string())),
    };
    format!(
        "AWSTemplateFormatVersion: \"2010-09-09\"
Description: >-
  The role that keysweep enters an account with, and on request the one that it cleans up with. For a StackSet over the
  organization; a service-managed StackSet never reaches the management account: create this stack there by itself.
Parameters:
  TrustedAccountId:
    Type: String
{trusted}    AllowedPattern: \"[0-9]{{12}}\"
    Description: The account that keysweep runs in; it decides who in it may enter.
  ExternalId:
    Type: String
    NoEcho: true
    Default: {external_id}
    AllowedPattern: \"|[A-Za-z0-9_+=,.@:/-]{{2,1224}}\"
    Description: The external id that keysweep must give (keysweep scan --external-id); empty for none.
{role}{clean_up}{deactivation}Conditions:
  AsksForExternalId: !Not [!Equals [!Ref ExternalId, \"\"]]
  CleansUp: !Equals [!Ref CleanUp, \"true\"]
  Deactivates: !And [!Condition CleansUp, !Equals [!Ref Deactivation, \"true\"]]
Resources:
  ScanRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Ref RoleName
      Path: !Ref RolePath
      Description: keysweep reads access keys and their history with it. It can change nothing.
      AssumeRolePolicyDocument:
{trust}      Policies:
        - PolicyName: keysweep-scan
          PolicyDocument:
            Version: \"2012-10-17\"
            Statement:
{scan}  CleanUpRole:
    Type: AWS::IAM::Role
    Condition: CleansUp
    Properties:
      RoleName: !Sub \"${{RoleName}}{CLEAN_UP_SUFFIX}\"
      Path: !Ref RolePath
      Description: keysweep deletes the access keys of approved plans with it.
      AssumeRolePolicyDocument:
{trust}      Policies:
        - PolicyName: keysweep-clean-up
          PolicyDocument:
            Version: \"2012-10-17\"
            Statement:
{delete}  DeactivationPolicy:
    Type: AWS::IAM::Policy
    Condition: Deactivates
    Properties:
      PolicyName: keysweep-deactivation
      Roles: [!Ref CleanUpRole]
      PolicyDocument:
        Version: \"2012-10-17\"
        Statement:
{deactivate}{deliver}Outputs:
  ScanRoleArn:
    Description: The role that scans.
    Value: !GetAtt ScanRole.Arn
  CleanUpRoleArn:
    Condition: CleansUp
    Description: The role that cleans up.
    Value: !GetAtt CleanUpRole.Arn
",
        external_id = quoted(names.external_id.as_deref().unwrap_or_default()),
        role = role_parameters(names),
        clean_up = switch("CleanUp", "Whether to make the role that deletes access keys too."),
        deactivation = switch("Deactivation", "Whether that role may also deactivate access keys that are not used."),
        trust = TRUST,
        scan = statements(names, Grant::Scan, 14),
        delete = statements(names, Grant::CleanUp, 14),
        deactivate = statements(names, Grant::Deactivation, 10),
        deliver = delivery_of_account(names),
    )
}

fn delivery_of_account(names: &Names) -> String {
    if !names.security_hub {
        return String::new();
    }
    format!(
        "  DeliveryPolicy:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: keysweep-delivery
      Roles: [!Ref ScanRole]
      PolicyDocument:
        Version: \"2012-10-17\"
        Statement:
{}",
        statements(names, Grant::Delivery, 10)
    )
}

/// A policy, and its output, for each kind of delivery of whoever runs keysweep.
fn deliveries_of_caller(names: &Names) -> (String, String) {
    let mut resources = String::new();
    let mut outputs = String::new();
    for grant in names.grants() {
        let (name, what) = match grant {
            Grant::Delivery => ("DeliveryPolicy", "keysweep gives findings to Security Hub."),
            Grant::DeliveryToBucket => ("DeliveryToBucketPolicy", "keysweep writes reports to the bucket."),
            _ => continue,
        };
        let _ = write!(
            resources,
            "  {name}:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Description: {what}
      PolicyDocument:
        Version: \"2012-10-17\"
        Statement:
{}",
            statements(names, grant, 10)
        );
        let _ = write!(outputs, "  {name}Arn:\n    Description: {what}\n    Value: !Ref {name}\n");
    }
    (resources, outputs)
}

/// The trust policy of both roles.
const TRUST: &str = "        Version: \"2012-10-17\"
        Statement:
          - Sid: EnterFromKeysweep
            Effect: Allow
            Principal:
              AWS: !Sub \"arn:${AWS::Partition}:iam::${TrustedAccountId}:root\"
            Action: sts:AssumeRole
            Condition: !If
              - AsksForExternalId
              - StringEquals:
                  sts:ExternalId: !Ref ExternalId
              - !Ref AWS::NoValue
";

fn caller(names: &Names) -> String {
    let (deliveries, outputs) = deliveries_of_caller(names);
    format!(
        "AWSTemplateFormatVersion: \"2010-09-09\"
Description: >-
  What whoever runs keysweep scan --org needs in the account that it runs in: the management account or a delegated
  administrator account. Attach the policies to that role or user.
Parameters:
{role}{clean_up}Conditions:
  CleansUp: !Equals [!Ref CleanUp, \"true\"]
Resources:
  OrganizationPolicy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Description: keysweep reads the organization and enters its accounts. Changes nothing.
      PolicyDocument:
        Version: \"2012-10-17\"
        Statement:
{organization}  ScanPolicy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Description: keysweep scans its own account without a role. Changes nothing.
      PolicyDocument:
        Version: \"2012-10-17\"
        Statement:
{scan}  CleanUpEntryPolicy:
    Type: AWS::IAM::ManagedPolicy
    Condition: CleansUp
    Properties:
      Description: keysweep enters accounts to clean them up.
      PolicyDocument:
        Version: \"2012-10-17\"
        Statement:
{entry}{deliveries}Outputs:
  OrganizationPolicyArn:
    Description: Reading the organization and entering its accounts.
    Value: !Ref OrganizationPolicy
  ScanPolicyArn:
    Description: Scanning the account itself.
    Value: !Ref ScanPolicy
  CleanUpEntryPolicyArn:
    Condition: CleansUp
    Description: Entering accounts to clean them up.
    Value: !Ref CleanUpEntryPolicy
{outputs}",
        role = role_parameters(names),
        clean_up = switch("CleanUp", "Whether to make the policy for cleaning up other accounts too."),
        organization = statements(names, Grant::Organization, 10),
        scan = statements(names, Grant::Scan, 10),
        entry = statements(names, Grant::CleanUpEntry, 10),
    )
}
