//! Names of record types and user types: some exports write the name where others write the number.

/// Record types by number, as far as their numbers are public and they occur in exports; sorted by number.
const RECORD_TYPES: &[(i64, &str)] = &[
    (1, "ExchangeAdmin"),
    (2, "ExchangeItem"),
    (3, "ExchangeItemGroup"),
    (4, "SharePoint"),
    (6, "SharePointFileOperation"),
    (7, "OneDrive"),
    (8, "AzureActiveDirectory"),
    (9, "AzureActiveDirectoryAccountLogon"),
    (10, "DataCenterSecurityCmdlet"),
    (11, "ComplianceDLPSharePoint"),
    (12, "Sway"),
    (13, "ComplianceDLPExchange"),
    (14, "SharePointSharingOperation"),
    (15, "AzureActiveDirectoryStsLogon"),
    (18, "SecurityComplianceCenterEOPCmdlet"),
    (19, "ExchangeAggregatedOperation"),
    (20, "PowerBIAudit"),
    (21, "CRM"),
    (22, "Yammer"),
    (23, "SkypeForBusinessCmdlets"),
    (24, "Discovery"),
    (25, "MicrosoftTeams"),
    (28, "ThreatIntelligence"),
    (29, "MailSubmission"),
    (30, "MicrosoftFlow"),
    (31, "AeD"),
    (32, "MicrosoftStream"),
    (33, "ComplianceDLPSharePointClassification"),
    (34, "ThreatFinder"),
    (35, "Project"),
    (36, "SharePointListOperation"),
    (37, "SharePointCommentOperation"),
    (38, "DataGovernance"),
    (39, "Kaizala"),
    (40, "SecurityComplianceAlerts"),
    (41, "ThreatIntelligenceUrl"),
    (42, "SecurityComplianceInsights"),
    (43, "MIPLabel"),
    (44, "WorkplaceAnalytics"),
    (45, "PowerAppsApp"),
    (46, "PowerAppsPlan"),
    (47, "ThreatIntelligenceAtpContent"),
    (48, "LabelContentExplorer"),
    (49, "TeamsHealthcare"),
    (50, "ExchangeItemAggregated"),
    (51, "HygieneEvent"),
    (52, "DataInsightsRestApiAudit"),
    (53, "InformationBarrierPolicyApplication"),
    (54, "SharePointListItemOperation"),
    (55, "SharePointContentTypeOperation"),
    (56, "SharePointFieldOperation"),
    (57, "MicrosoftTeamsAdmin"),
    (58, "HRSignal"),
    (59, "MicrosoftTeamsDevice"),
    (60, "MicrosoftTeamsAnalytics"),
    (61, "InformationWorkerProtection"),
    (62, "Campaign"),
    (63, "DLPEndpoint"),
    (64, "AirInvestigation"),
    (65, "Quarantine"),
    (66, "MicrosoftForms"),
    (67, "ApplicationAudit"),
    (68, "ComplianceSupervisionExchange"),
    (69, "CustomerKeyServiceEncryption"),
    (70, "OfficeNative"),
    (71, "MipAutoLabelSharePointItem"),
    (72, "MipAutoLabelSharePointPolicyLocation"),
    (73, "MicrosoftTeamsShifts"),
    (75, "MipAutoLabelExchangeItem"),
    (98, "MCASAlerts"),
    (101, "ExchangeSearch"),
    (294, "AadRiskDetection"),
];

const USER_TYPES: &[(i64, &str)] = &[
    (0, "Regular"),
    (1, "Reserved"),
    (2, "Admin"),
    (3, "DcAdmin"),
    (4, "System"),
    (5, "Application"),
    (6, "ServicePrincipal"),
    (7, "CustomPolicy"),
    (8, "SystemPolicy"),
    (9, "PartnerTechnician"),
    (10, "Guest"),
];

fn number(text: &str, names: &[(i64, &str)]) -> Option<i64> {
    let text = text.trim();
    text.parse().ok().or_else(|| names.iter().find(|(_, name)| name.eq_ignore_ascii_case(text)).map(|(n, _)| *n))
}

/// The number of a record type given as number or name.
pub(crate) fn record_type(text: &str) -> Option<i64> {
    number(text, RECORD_TYPES)
}

/// The number of a user type given as number or name.
pub(crate) fn user_type(text: &str) -> Option<i64> {
    number(text, USER_TYPES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_numbers_and_names() {
        assert_eq!(record_type("ExchangeAdmin"), Some(1));
        assert_eq!(record_type("azureactivedirectorystslogon"), Some(15));
        assert_eq!(record_type("1234"), Some(1234));
        assert_eq!(record_type("SomethingNew"), None);
        assert_eq!(user_type("DcAdmin"), Some(3));
        assert!(RECORD_TYPES.is_sorted() && USER_TYPES.is_sorted());
    }
}
