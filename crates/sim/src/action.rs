//! The operations that the simulated AWS answers, by service.

use keysweep_core::call::Service;

macro_rules! actions {
    ($($service:ident { $($name:ident $kind:ident)* })*) => {
        /// An operation, by its API name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the names are AWS's")]
        pub enum Action { $($($name,)*)* }

        impl Action {
            /// Every operation.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)*)*];

            /// The API name.
            pub const fn name(self) -> &'static str {
                match self { $($(Self::$name => stringify!($name),)*)* }
            }

            /// The service it belongs to.
            pub const fn service(self) -> Service {
                match self { $($(Self::$name => Service::$service,)*)* }
            }

            /// Whether it changes the world. Such calls become CloudTrail events; reads do not in this simulation.
            pub const fn writes(self) -> bool {
                match self { $($(Self::$name => actions!(@ $kind),)*)* }
            }
        }
    };
    (@ read) => { false };
    (@ write) => { true };
}

actions! {
    Sts {
        GetCallerIdentity read
        AssumeRole read
    }
    Iam {
        ListUsers read
        GetUser read
        ListAccessKeys read
        GetAccessKeyLastUsed read
        CreateAccessKey write
        UpdateAccessKey write
        DeleteAccessKey write
        GenerateCredentialReport read
        GetCredentialReport read
        ListUserTags read
        GetAccountSummary read
        GetAccountAuthorizationDetails read
        ListAccountAliases read
        CreateUser write
        DeleteUser write
        UpdateUser write
        TagUser write
    }
    Organizations {
        DescribeOrganization read
        ListAccounts read
        ListRoots read
        ListOrganizationalUnitsForParent read
        ListAccountsForParent read
        ListParents read
        ListTagsForResource read
        DescribeAccount read
    }
    CloudTrail {
        LookupEvents read
        DescribeTrails read
    }
}

impl Action {
    /// The operation of `service` with this API name.
    pub fn find(service: Service, name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.service() == service && action.name() == name)
    }

    /// As AWS writes it in policies and messages: `iam:ListUsers`.
    pub fn permission(self) -> String {
        let prefix = match self.service() {
            Service::Sts => "sts",
            Service::Iam => "iam",
            Service::Organizations => "organizations",
            Service::CloudTrail => "cloudtrail",
            Service::SecurityHub => "securityhub",
            Service::S3 => "s3",
        };
        format!("{prefix}:{}", self.name())
    }
}
