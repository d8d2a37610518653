//! The organisation's own mail domains, and what an address is against them.

use std::collections::{BTreeMap, BTreeSet};

use crate::content::Content;

/// The domains of the organisation.
#[derive(Debug, Clone, Default)]
pub struct OwnDomains {
    /// Accepted domains as exported; true when subdomains belong too.
    accepted: BTreeMap<String, bool>,
    /// Names of the tenant itself, always accepted.
    organization: BTreeSet<String>,
    /// Domains of its accounts and mailboxes.
    accounts: BTreeSet<String>,
    /// Domains that its mail shows as inside.
    mail: BTreeSet<String>,
}

/// What an address is against the organisation's domains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a domain of the organisation.
    Own,
    /// Under or beside a domain of the organisation, not on its list.
    Doubtful,
    /// Outside.
    External,
}

/// The targets of an object, sorted by what they are.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    /// In own domains.
    pub own: BTreeSet<String>,
    /// Under or beside own domains.
    pub doubtful: BTreeSet<String>,
    /// Outside.
    pub external: BTreeSet<String>,
    /// Outside, in a domain a letter or two away from an own one.
    pub lookalike: BTreeSet<String>,
    /// Outside, in a domain whose name contains that of an own one.
    pub namesake: BTreeSet<String>,
    /// Outside, where anybody can open a mailbox.
    pub freemail: BTreeSet<String>,
    /// Outside, disposable or dynamic.
    pub throwaway: BTreeSet<String>,
    /// Outside, with the mailbox owner's name.
    pub own_name: BTreeSet<String>,
    /// On the list of approved targets.
    pub approved: BTreeSet<String>,
}

impl OwnDomains {
    /// Adds one row of the table `OwnDomains`.
    pub fn add(&mut self, domain: &str, basis: &str, subdomains: bool) {
        let domain = domain.trim().trim_end_matches('.').to_lowercase();
        if !domain.contains('.') {
            return;
        }
        match basis {
            "accepted" => {
                self.accepted.insert(domain, subdomains);
            }
            "organization" => {
                self.organization.insert(domain);
            }
            "account" => {
                self.accounts.insert(domain);
            }
            _ => {
                self.mail.insert(domain);
            }
        }
    }

    /// True when any own domain is known.
    pub fn known(&self) -> bool {
        self.all().next().is_some()
    }

    /// How they are known, for a reader.
    pub fn basis(&self) -> &'static str {
        if self.accepted.is_empty() {
            "judged by the domains of the tenant and its accounts; the list of accepted domains is not loaded"
        } else {
            "judged by the accepted domains"
        }
    }

    /// Every own domain: accepted and the tenant's names; without an accepted list also those of accounts and mail.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let inferred = self.accepted.is_empty();
        self.accepted
            .keys()
            .chain(&self.organization)
            .chain(self.accounts.iter().filter(move |_| inferred))
            .chain(self.mail.iter().filter(move |_| inferred))
            .map(String::as_str)
    }

    /// What a domain is.
    pub fn place(&self, domain: &str) -> Place {
        let domain = domain.to_lowercase();
        if self.all().any(|own| own == domain) {
            return Place::Own;
        }
        for (own, subdomains) in &self.accepted {
            if *subdomains && under(&domain, own) {
                return Place::Own;
            }
        }
        for tenant in &self.organization {
            if let Some(name) = tenant.strip_suffix(".onmicrosoft.com")
                && domain == format!("{name}.mail.onmicrosoft.com")
            {
                return Place::Own;
            }
        }
        if self.all().any(|own| under(&domain, own)) || self.accounts.contains(&domain) || self.mail.contains(&domain) {
            return Place::Doubtful;
        }
        // Only the tenant's own name is known: the same name elsewhere is likely its public domain.
        let vanity = self.all().any(|own| !own.ends_with(".onmicrosoft.com"));
        if !vanity && self.organization.iter().any(|tenant| label(tenant) == label(&domain)) {
            return Place::Doubtful;
        }
        Place::External
    }

    /// The own domain that a foreign one imitates by a letter or two or by look-alike letters.
    pub fn imitated(&self, domain: &str) -> Option<&str> {
        let theirs = label(domain);
        self.all().find(|own| {
            let ours = label(own);
            let long = ours.chars().count();
            if long < 4 || theirs == ours {
                return false;
            }
            if skeleton(&theirs) == skeleton(&ours) {
                return true;
            }
            let allowed = if long >= 9 { 2 } else { usize::from(long >= 5) };
            allowed > 0 && distance(&theirs, &ours) <= allowed
        })
    }

    /// True when a foreign domain's name contains the whole name of an own one.
    pub fn contains_own_name(&self, domain: &str) -> bool {
        let theirs = label(domain);
        self.all().any(|own| {
            let ours = label(own);
            ours.chars().count() >= 5 && theirs != ours && theirs.contains(&ours)
        })
    }

    /// Sorts targets.
    pub fn sort<'a>(&self, targets: impl IntoIterator<Item = &'a str>, mailbox: &str, content: &Content) -> Targets {
        let hits = |list: &str, text: &str| content.list(list).is_some_and(|l| l.hits(text));
        let mut sorted = Targets::default();
        for target in targets {
            let Some((local, domain)) = target.rsplit_once('@') else { continue };
            // The dot of a full name belongs to no domain of a list.
            let domain = domain.trim_end_matches('.');
            let text = target.to_owned();
            if hits("approved_targets", target) || hits("approved_targets", domain) {
                sorted.approved.insert(text.clone());
            }
            match self.place(domain) {
                Place::Own => {
                    sorted.own.insert(text);
                }
                Place::Doubtful => {
                    sorted.doubtful.insert(text);
                }
                Place::External => {
                    let free = hits("freemail_domains", domain);
                    if free {
                        sorted.freemail.insert(text.clone());
                    }
                    if hits("throwaway_domains", domain) {
                        sorted.throwaway.insert(text.clone());
                    }
                    if !free && self.imitated(domain).is_some() {
                        sorted.lookalike.insert(text.clone());
                    } else if !free && self.contains_own_name(domain) {
                        sorted.namesake.insert(text.clone());
                    }
                    if same_name(local, mailbox) {
                        sorted.own_name.insert(text.clone());
                    }
                    sorted.external.insert(text);
                }
            }
        }
        sorted
    }
}

fn under(domain: &str, own: &str) -> bool {
    domain.strip_suffix(own).is_some_and(|head| head.ends_with('.'))
}

/// The part of a domain that its owner chose: `contoso` of `mail.contoso.co.uk`.
fn label(domain: &str) -> String {
    let parts: Vec<&str> = domain.split('.').filter(|p| !p.is_empty()).collect();
    let second = ["co", "com", "net", "org", "ac", "gov", "edu", "or", "ne", "gob", "gv"];
    let index = match parts.as_slice() {
        [.., _, under, last] if last.len() == 2 && second.contains(under) => parts.len() - 3,
        [.., _, "onmicrosoft", "com"] => parts.len() - 3,
        [.., _, _] => parts.len() - 2,
        _ => return domain.to_lowercase(),
    };
    parts.get(index).map(|p| p.to_lowercase()).unwrap_or_default()
}

/// A text with look-alike letters made equal.
fn skeleton(text: &str) -> String {
    let plain: String = text
        .chars()
        .filter(|c| *c != '-')
        .map(|c| match c {
            '0' | 'о' | 'ο' | 'ó' | 'ö' | 'ò' => 'o',
            '1' | 'l' | 'i' | 'і' | 'ı' | 'í' | '|' => 'i',
            'а' | 'α' | 'á' | 'à' | 'ä' | 'å' => 'a',
            'е' | 'ё' | 'é' | 'è' | 'ë' | '3' => 'e',
            'с' | 'ç' => 'c',
            'р' => 'p',
            'х' => 'x',
            'у' | 'ü' | 'ú' => 'u',
            '5' | 'ѕ' => 's',
            'к' => 'k',
            'т' => 't',
            'м' => 'm',
            'н' => 'h',
            'ñ' => 'n',
            other => other,
        })
        .collect();
    plain.replace("rn", "m").replace("vv", "w").replace("ci", "d")
}

/// Edits between two texts, neighbouring letters swapped counting as one; stops counting above three.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    if a.len().abs_diff(b.len()) > 3 {
        return 4;
    }
    let width = b.len() + 1;
    let mut table = vec![0usize; (a.len() + 1) * width];
    let at = |i: usize, j: usize| i * width + j;
    let read = |table: &[usize], i: usize, j: usize| table.get(at(i, j)).copied().unwrap_or(usize::MAX / 2);
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            let value = if i == 0 || j == 0 {
                i + j
            } else {
                let (x, y) = (a.get(i - 1), b.get(j - 1));
                let mut best = read(&table, i - 1, j - 1) + usize::from(x != y);
                best = best.min(read(&table, i - 1, j) + 1).min(read(&table, i, j - 1) + 1);
                if i > 1 && j > 1 && x == b.get(j - 2) && a.get(i - 2) == y {
                    best = best.min(read(&table, i - 2, j - 2) + 1);
                }
                best
            };
            if let Some(cell) = table.get_mut(at(i, j)) {
                *cell = value;
            }
        }
    }
    read(&table, a.len(), b.len())
}

/// True when the local part of a target carries the name of the mailbox's owner.
fn same_name(local: &str, mailbox: &str) -> bool {
    let owner = mailbox.split('@').next().unwrap_or_default().to_lowercase();
    let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>().to_lowercase();
    let target = letters(local);
    let whole = letters(&owner);
    if whole.chars().count() < 4 || target.chars().count() < 4 {
        return false;
    }
    if target == whole || (whole.chars().count() >= 5 && target.contains(&whole)) {
        return true;
    }
    let parts: Vec<String> = owner.split(['.', '_', '-']).map(letters).filter(|p| p.chars().count() >= 2).collect();
    let [.., last] = parts.as_slice() else { return false };
    // A surname of some length, and the rest of the name or its first letter.
    parts.len() >= 2
        && last.chars().count() >= 4
        && target.contains(last.as_str())
        && parts.iter().rev().skip(1).all(|p| {
            target.contains(p.as_str())
                || p.chars().next().is_some_and(|c| target.replace(last.as_str(), "").contains(c))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(domains: &[(&str, &str, bool)]) -> OwnDomains {
        let mut own = OwnDomains::default();
        for (domain, basis, subdomains) in domains {
            own.add(domain, basis, *subdomains);
        }
        own
    }

    #[test]
    fn accepted_domains_decide_and_subdomains_only_when_they_are_said_to_match() {
        let own = own(&[("contoso.example", "accepted", false), ("fabrikam.example", "accepted", true)]);
        assert_eq!(own.place("Contoso.Example"), Place::Own);
        assert_eq!(own.place("mail.contoso.example"), Place::Doubtful);
        assert_eq!(own.place("mail.fabrikam.example"), Place::Own);
        assert_eq!(own.place("evilcontoso.example"), Place::External);
        assert_eq!(own.place("contoso.example.attacker.test"), Place::External);
    }

    #[test]
    fn without_a_list_the_tenant_and_its_accounts_stand_in() {
        let own = own(&[("contoso.onmicrosoft.com", "organization", false), ("contoso.org", "account", false)]);
        assert_eq!(own.place("contoso.onmicrosoft.com"), Place::Own);
        assert_eq!(own.place("contoso.mail.onmicrosoft.com"), Place::Own);
        assert_eq!(own.place("contoso.org"), Place::Own);
        assert_eq!(own.place("other.onmicrosoft.com"), Place::External);
        assert_eq!(own.place("onmicrosoft.com"), Place::External);
    }

    #[test]
    fn imitations_are_near_and_not_the_same() {
        let own = own(&[("contoso.com", "accepted", false), ("ab.com", "accepted", false)]);
        for near in ["contosso.com", "cont0so.com", "c0ntoso.net", "contoos.com", "сontoso.com", "con-toso.com"] {
            assert!(own.imitated(near).is_some(), "{near}");
        }
        for far in ["contoso.com", "fabrikam.com", "ac.com", "gmail.com", "consort.com"] {
            assert!(own.imitated(far).is_none(), "{far}");
        }
        assert!(own.contains_own_name("evilcontoso.com"));
        assert!(!own.contains_own_name("abba.com"));
    }

    #[test]
    fn own_names_need_more_than_a_common_first_name() {
        assert!(same_name("jane.doering", "jane.doering@contoso.example"));
        assert!(same_name("j.doering77", "jane.doering@contoso.example"));
        assert!(same_name("janedoering", "jane.doering@contoso.example"));
        assert!(!same_name("jane", "jane.doering@contoso.example"));
        assert!(!same_name("korstiaan", "joey@contoso.example"));
        assert!(!same_name("x", "x@contoso.example"));
    }

    #[test]
    fn a_domain_may_end_with_its_dot() {
        let mut own = OwnDomains::default();
        own.add("contoso.example", "accepted", false);
        let content = Content::builtin().unwrap();
        let sorted = own.sort(["ben@contoso.example.", "x@mail.example."], "ann@contoso.example", &content);
        assert!(
            sorted.own.contains("ben@contoso.example.") && sorted.external.contains("x@mail.example."),
            "{sorted:?}"
        );
    }

    #[test]
    fn chosen_labels() {
        assert_eq!(label("mail.contoso.co.uk"), "contoso");
        assert_eq!(label("contoso.onmicrosoft.com"), "contoso");
        assert_eq!(label("contoso.example"), "contoso");
        assert_eq!(label("localhost"), "localhost");
    }
}
