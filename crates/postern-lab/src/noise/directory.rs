//! Small changes in the directory: passwords reset by the service desk, consents, a role for a colleague.

use chrono::TimeDelta;

use crate::LabError;
use crate::audit::{self, Target};
use crate::span::office;
use crate::tenant::{Attempt, Tenant};
use crate::timeline::PORTAL;
use crate::world::Duty;

pub(super) fn fill(tenant: &mut Tenant) -> Result<(), LabError> {
    let mut dice = tenant.dice("noise directory");
    let organisation = tenant.world.organisation.clone();
    let desk = tenant.world.holder(Duty::SupportAdmin)?;
    let admin = tenant.world.holder(Duty::MailAdmin)?;

    for percent in [8, 25, 41, 60, 74] {
        let day = tenant.span.workday_at(percent);
        let time = office(day, 10 * 60 + dice.between(0, 300));
        let session = tenant.attempt(&mut dice, Attempt::usual(time, &desk, &organisation.office, PORTAL));
        let person = tenant.world.anybody(&mut dice)?;
        for (offset, operation) in [(240, "Reset user password."), (241, "Update StsRefreshTokenValidFrom Timestamp.")]
        {
            let time = time + TimeDelta::seconds(offset);
            let record = audit::directory(
                &organisation,
                &mut dice,
                time,
                &session,
                operation,
                &Target::User(&person, "User"),
                &[],
            );
            tenant.timeline.audit.push(record);
        }
    }

    for (percent, name, scope) in [
        (19, "Travel Planner", "openid profile email User.Read"),
        (66, "Whiteboard Notes", "openid profile offline_access"),
    ] {
        let person = tenant.world.anybody(&mut dice)?;
        let time = office(tenant.span.workday_at(percent), 14 * 60 + dice.between(0, 90));
        let session = tenant.attempt(&mut dice, Attempt::usual(time, &person, &person.home, PORTAL));
        let (app, principal, resource) = (dice.guid(), dice.guid(), dice.guid());
        let permissions = format!(
            "[] => [[Id: {}, ClientId: {principal}, PrincipalId: {}, ResourceId: {resource}, ConsentType: Principal, Scope:  {scope}, CreatedDateTime: , LastModifiedDateTime ]]; ",
            dice.hex(20),
            person.object_id
        );
        let modified = [
            ("ConsentContext.IsAdminConsent", "False", ""),
            ("ConsentContext.IsAppOnly", "False", ""),
            ("ConsentContext.OnBehalfOfAll", "False", ""),
            ("ConsentContext.Tags", "WindowsAzureActiveDirectoryIntegratedApp", ""),
            ("ConsentAction.Permissions", permissions.as_str(), ""),
            ("TargetId.ServicePrincipalNames", app.as_str(), ""),
        ];
        let target = Target::App(&app, &principal, name);
        let time = time + TimeDelta::seconds(75);
        let record =
            audit::directory(&organisation, &mut dice, time, &session, "Consent to application.", &target, &modified);
        tenant.timeline.audit.push(record);
    }

    let colleague = tenant.world.holder(Duty::Staff)?;
    let time = office(tenant.span.workday_at(14), 11 * 60 + 5);
    let session = tenant.attempt(&mut dice, Attempt::usual(time, &admin, &organisation.office, PORTAL));
    let role = dice.guid();
    let modified = [
        ("Role.ObjectID", role.as_str(), ""),
        ("Role.DisplayName", "Helpdesk Administrator", ""),
        ("Role.TemplateId", "729827e3-9c14-49f7-bb1b-9608f156bbb8", ""),
        ("Role.WellKnownObjectName", "HelpdeskAdministrators", ""),
    ];
    let target = Target::User(&colleague, "Role");
    let time = time + TimeDelta::seconds(190);
    let record = audit::directory(&organisation, &mut dice, time, &session, "Add member to role.", &target, &modified);
    tenant.timeline.audit.push(record);
    Ok(())
}
