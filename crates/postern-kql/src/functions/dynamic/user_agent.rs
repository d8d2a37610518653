//! `parse_user_agent`: browser, operating system and device of the common user agents.
//!
//! Written as a table of marks in their order of precedence. What no mark fits is `Other`: the vendor's pattern list is
//! far longer, so a rare browser may be `Other` here and have a name there.

use super::super::string::as_text;
use super::super::support::build;
use super::super::support::define::{Scalar, call, example, info, optional, param};
use super::super::support::json::{self, Kind, ObjectText};
use crate::types::KqlType::{Dynamic, String as Text};

/// Marks of browsers, the more special first: the mark, and the family.
const BROWSERS: &[(&str, &str)] = &[
    ("AdobeAIR/", "AdobeAIR"),
    ("NokiaBrowser/", "Nokia Browser"),
    ("BrowserNG/", "Nokia Browser"),
    ("Series60/", "Nokia OSS Browser"),
    ("Edg/", "Edge"),
    ("Edge/", "Edge"),
    ("EdgA/", "Edge Mobile"),
    ("EdgiOS/", "Edge Mobile"),
    ("OPR/", "Opera"),
    ("OPiOS/", "Opera Mini"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("Vivaldi/", "Vivaldi"),
    ("Electron/", "Electron"),
    ("HeadlessChrome/", "HeadlessChrome"),
    ("CriOS/", "Chrome Mobile iOS"),
    ("FxiOS/", "Firefox iOS"),
    ("Thunderbird/", "Thunderbird"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("MSIE ", "IE"),
    ("Trident/", "IE"),
    ("Microsoft Outlook ", "Outlook"),
    ("python-requests/", "Python Requests"),
    ("Python-urllib/", "Python-urllib"),
    ("aiohttp/", "Python aiohttp"),
    ("curl/", "curl"),
    ("Wget/", "Wget"),
    ("Go-http-client/", "Go-http-client"),
    ("okhttp/", "okhttp"),
    ("axios/", "axios"),
    ("PostmanRuntime/", "PostmanRuntime"),
    ("Apache-HttpClient/", "Apache-HttpClient"),
    ("Java/", "Java"),
];

#[derive(Debug, Default, PartialEq, Eq)]
struct Version<'a>(&'a str, &'a str, &'a str);

fn version_after<'a>(text: &'a str, mark: &str) -> Version<'a> {
    let rest = text.split_once(mark).map_or("", |(_, rest)| rest);
    let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '_'))).unwrap_or(rest.len());
    let mut parts = rest.get(..end).unwrap_or("").split(['.', '_']);
    let mut next = || parts.next().unwrap_or("");
    Version(next(), next(), next())
}

fn browser(agent: &str) -> (&'static str, Version<'_>) {
    for (mark, family) in BROWSERS {
        if !agent.contains(mark) {
            continue;
        }
        return match *family {
            "IE" if agent.contains("rv:") => ("IE", version_after(agent, "rv:")),
            "Chrome" if agent.contains("Mobile Safari/") => ("Chrome Mobile", version_after(agent, mark)),
            "Firefox" if agent.contains("Mobile;") || agent.contains("Android") => {
                ("Firefox Mobile", version_after(agent, mark))
            }
            family => (family, version_after(agent, mark)),
        };
    }
    if agent.contains("Safari/") && agent.contains("Version/") {
        let family = if agent.contains("Mobile/") { "Mobile Safari" } else { "Safari" };
        return (family, version_after(agent, "Version/"));
    }
    if agent.contains("AppleWebKit/") && agent.contains("Mobile/") {
        return ("Mobile Safari UI/WKWebView", Version::default());
    }
    ("Other", Version::default())
}

fn system(agent: &str) -> (&'static str, Version<'_>) {
    if agent.contains("Windows Phone") {
        return ("Windows Phone", version_after(agent, "Windows Phone "));
    }
    if agent.contains("Windows NT ") {
        let version = version_after(agent, "Windows NT ");
        let named = match (version.0, version.1) {
            ("10", _) => "10",
            ("6", "3") => "8.1",
            ("6", "2") => "8",
            ("6", "1") => "7",
            ("6", "0") => "Vista",
            ("5", "1" | "2") => "XP",
            _ => version.0,
        };
        let (major, minor) = named.split_once('.').unwrap_or((named, ""));
        return ("Windows", Version(major, minor, ""));
    }
    if agent.contains("Windows") {
        return ("Windows", Version::default());
    }
    if agent.contains("iPhone OS ") || agent.contains("CPU OS ") {
        let mark = if agent.contains("iPhone OS ") { "iPhone OS " } else { "CPU OS " };
        return ("iOS", version_after(agent, mark));
    }
    if agent.contains("Android") {
        return ("Android", version_after(agent, "Android "));
    }
    if agent.contains("Mac OS X") {
        return ("Mac OS X", version_after(agent, "Mac OS X "));
    }
    if agent.contains("CrOS") {
        return ("Chrome OS", Version::default());
    }
    for (mark, family) in [("SymbianOS/", "Symbian OS"), ("Ubuntu", "Ubuntu"), ("Linux", "Linux")] {
        if agent.contains(mark) {
            return (family, version_after(agent, mark));
        }
    }
    ("Other", Version::default())
}

fn device(agent: &str) -> (String, String, String) {
    let named = |family: &str, brand: &str, model: &str| (family.to_owned(), brand.to_owned(), model.to_owned());
    for apple in ["iPhone", "iPad", "iPod"] {
        if agent.contains(apple) {
            return named(apple, "Apple", apple);
        }
    }
    if let Some((_, after)) = agent.split_once("Nokia") {
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(after.len());
        let model = after.get(..end).unwrap_or("").trim_start_matches('-');
        // Variants of a model, `N81-3`, are of its family.
        let family = model.split('-').next().unwrap_or("");
        if family.starts_with(|c: char| c.is_ascii_alphanumeric()) && family.contains(|c: char| c.is_ascii_digit()) {
            return (format!("Nokia {family}"), "Nokia".to_owned(), model.to_owned());
        }
    }
    if agent.contains("Macintosh") || agent.contains("Mac OS X") {
        return named("Mac", "Apple", "Mac");
    }
    if let Some((_, after)) = agent.split_once("Android ") {
        // `Android 13; SM-G991B Build/…)`: the model stands between the version and the build.
        let model = after.split_once(';').map_or("", |(_, rest)| rest);
        let model = model.split(')').next().unwrap_or("").split(" Build/").next().unwrap_or("").trim();
        if model.is_empty() || model == "K" {
            return named("Generic Smartphone", "Generic", "Smartphone");
        }
        let brand = match model {
            m if m.starts_with("SM-") => "Samsung",
            m if m.starts_with("Pixel") => "Google",
            _ => "",
        };
        let family = if brand == "Samsung" { format!("{brand} {model}") } else { model.to_owned() };
        return (family, brand.to_owned(), model.to_owned());
    }
    let lower = agent.to_ascii_lowercase();
    if ["bot", "spider", "crawler"].iter().any(|mark| lower.contains(mark)) {
        return named("Spider", "Spider", "Desktop");
    }
    named("Other", "", "")
}

/// `parse_user_agent(text [, look_for])`: `browser`, `os`, `device`, or an array of them.
pub const PARSE_USER_AGENT: Scalar = Scalar::new(
    info(
        "parse_user_agent",
        "dynamic",
        "What a user agent says of browser, system and device.",
        &[
            param("user-agent-string", "string", "The user agent."),
            optional(
                "look-for",
                "string or dynamic",
                "`browser`, `os`, `device`, or an array of these; all unless given.",
            ),
        ],
        "dynamic",
        &[example(
            "print tostring(parse_user_agent(\"Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/118.0\", \"browser\").Browser.Family)",
            "Firefox",
        )],
    ),
    |args, _| {
        let wanted_is_text = args.get(1).is_some_and(|a| a.ty == Text);
        let types = if wanted_is_text { [Text, Text] } else { [Text, Dynamic] };
        call("parse_user_agent", &as_text(args, &[0]), &types, Dynamic, move |args| {
            let agent = args.get(0)?.text()?;
            let wanted = args.args.get(1).map(crate::functions::kernel::Arg::text).transpose()?;
            build::texts(args.rows, |row, out| {
                let agent = agent.get(row)?;
                let wanted = match wanted {
                    Some(wanted) => wanted.get(row)?,
                    None => "[\"browser\",\"os\",\"device\"]",
                };
                let wanted: Vec<String> = if wanted_is_text {
                    vec![wanted.to_ascii_lowercase()]
                } else if json::kind(wanted) == Some(Kind::Array) {
                    json::elements(wanted).map(|e| json::string_value(e).to_ascii_lowercase()).collect()
                } else {
                    vec![json::string_value(wanted).to_ascii_lowercase()]
                };
                let asks = |what: &str| wanted.iter().any(|w| w == what);
                let mut bag = ObjectText::new();
                if asks("browser") {
                    let (family, version) = browser(agent);
                    bag.raw("Browser", &versioned(family, &version, false));
                }
                if asks("os") {
                    let (family, version) = system(agent);
                    bag.raw("OperatingSystem", &versioned(family, &version, true));
                }
                if asks("device") {
                    let (family, brand, model) = device(agent);
                    let mut device = ObjectText::new();
                    device.string("Family", &family);
                    device.string("Brand", &brand);
                    device.string("Model", &model);
                    bag.raw("Device", &device.finish());
                }
                out.push_str(&bag.finish());
                Some(())
            })
        })
    },
);

fn versioned(family: &str, version: &Version<'_>, system: bool) -> String {
    let mut bag = ObjectText::new();
    bag.string("Family", family);
    bag.string("MajorVersion", version.0);
    bag.string("MinorVersion", version.1);
    bag.string("Patch", version.2);
    if system {
        bag.string("PatchMinor", "");
    }
    bag.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_agents() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36 Edg/119.0.2151.58";
        assert_eq!(browser(edge), ("Edge", Version("119", "0", "2151")));
        assert_eq!(system(edge), ("Windows", Version("10", "", "")));
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 16_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.1 Mobile/15E148 Safari/604.1";
        assert_eq!(browser(iphone).0, "Mobile Safari");
        assert_eq!(system(iphone), ("iOS", Version("16", "1", "")));
        assert_eq!(device(iphone).1, "Apple");
        let phone =
            "Mozilla/5.0 (Linux; Android 13; SM-G991B Build/X) AppleWebKit/537.36 Chrome/112.0 Mobile Safari/537.36";
        assert_eq!(browser(phone).0, "Chrome Mobile");
        assert_eq!(device(phone).0, "Samsung SM-G991B");
        assert_eq!(browser("axios/1.2.3"), ("axios", Version("1", "2", "3")));
        assert_eq!(browser(""), ("Other", Version::default()));
        let symbian =
            "Mozilla/5.0 (SymbianOS/9.4; U; Series60/5.1 NokiaE71-1/100.07.76 Profile/MIDP-2.0) AppleWebKit/413";
        assert_eq!(browser(symbian), ("Nokia OSS Browser", Version("5", "1", "")));
        assert_eq!(system(symbian).0, "Symbian OS");
        assert_eq!(device(symbian), ("Nokia E71".into(), "Nokia".into(), "E71-1".into()));
        assert_eq!(
            browser("Mozilla/5.0 (Windows; U; en-US) AppleWebKit/531.9 (KHTML, like Gecko) AdobeAIR/2.5.1"),
            ("AdobeAIR", Version("2", "5", "1"))
        );
    }
}
