//! What the service does to itself: the bulk of every export of administrator activity.

use chrono::TimeDelta;

use crate::LabError;
use crate::audit;
use crate::span::utc;
use crate::tenant::Tenant;

const PLANS: &[&str] =
    &["ExchangeOnline", "ExchangeOnlineEnterprise", "ExchangeOnlineDeskless", "ExchangeOnlineEssentials"];

#[expect(clippy::unnecessary_wraps, reason = "all kinds of noise share one signature")]
pub(super) fn fill(tenant: &mut Tenant) -> Result<(), LabError> {
    let mut dice = tenant.dice("noise service");
    let organisation = tenant.world.organisation.clone();
    let arbitration = organisation.path(&format!("SystemMailbox{{{}}}", dice.guid()));
    let discovery = organisation.path(&format!("DiscoverySearchMailbox{{{}}}", dice.guid().to_uppercase()));
    let plans: Vec<String> = PLANS.iter().map(|plan| organisation.path(&format!("{plan}-{}", dice.guid()))).collect();
    let whole = organisation.path("");
    let whole = whole.trim_end_matches('/');
    let transport = format!("{}\\Transport Settings", organisation.initial);

    for (index, day) in tenant.span.dates().enumerate() {
        if index % 4 != 1 {
            continue;
        }
        let mut time = utc(day, 4, dice.between(0, 59));
        let mut push = |dice: &mut crate::dice::Dice, operation: &str, object: &str, parameters: &[(&str, &str)]| {
            time += TimeDelta::seconds(dice.between(1, 9));
            let record = audit::service_cmdlet(&organisation, dice, time, operation, object, parameters);
            tenant.timeline.audit.push(record);
        };
        for plan in &plans {
            let parameters = [
                ("Identity", plan.as_str()),
                ("UseDatabaseRetentionDefaults", "False"),
                ("RecoverableItemsQuota", "30 GB (32,212,254,720 bytes)"),
            ];
            push(&mut dice, "Set-MailboxPlan", plan, &parameters);
        }
        let parameters = [
            ("Force", "True"),
            ("Arbitration", "True"),
            ("MailRouting", "True"),
            ("MessageTracking", "True"),
            ("OABGen", "True"),
            ("Identity", arbitration.as_str()),
        ];
        push(&mut dice, "Set-Mailbox", &arbitration, &parameters);
        let parameters = [("DomainController", ""), ("Identity", whole), ("HygieneSuite", "Premium")];
        push(&mut dice, "Set-TransportConfig", &transport, &parameters);
        if index % 12 == 5 {
            let group = organisation.path("Discovery Management");
            let parameters = [
                ("DomainController", ""),
                ("Identity", discovery.as_str()),
                ("User", group.as_str()),
                ("AccessRights", "FullAccess"),
            ];
            push(&mut dice, "Add-MailboxPermission", &discovery, &parameters);
            push(
                &mut dice,
                "Set-AdminAuditLogConfig",
                "Admin Audit Log Settings",
                &[("Identity", "Admin Audit Log Settings")],
            );
        }
    }
    Ok(())
}
