//! What reporters are told (告知): a template for each event and channel, as the profile words it.

use std::{borrow::Cow, collections::HashSet};

use serde::Deserialize;

use crate::platform::named::named;

named! {
    /// What somebody is told of.
    #[derive(Deserialize)]
    pub enum NoticeEvent {
        /// 受理.
        Accepted "accepted",
        /// 不予受理.
        Refused "refused",
        /// 不再受理.
        NoLongerAccepted "no_longer_accepted",
        /// 转送移交.
        Transferred "transferred",
        /// 退回补正.
        Returned "returned",
        /// 撤回决定.
        TakenBack "taken_back",
        /// 更改办理程序.
        ProcedureChanged "procedure_changed",
        /// 办理进展.
        Progress "progress",
        /// 延期办理.
        Extended "extended",
        /// 答复.
        Replied "replied",
        /// 状态变化, whatever it is.
        Updated "updated",
        /// 补发查询码.
        CodeResent "code_resent",
        /// 登录验证码; of no complaint.
        SignInCode "sign_in_code",
    }
}

impl NoticeEvent {
    /// The event of that name; one that nobody knows any more is some change.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let known = Self::ALL.iter().copied().find(|it| it.as_str() == name);
        known.unwrap_or(Self::Updated)
    }

    /// The Chinese term.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Accepted => "受理告知",
            Self::Refused => "不予受理告知",
            Self::NoLongerAccepted => "不再受理告知",
            Self::Transferred => "转送告知",
            Self::Returned => "补正告知",
            Self::TakenBack => "撤回决定告知",
            Self::ProcedureChanged => "程序变更告知",
            Self::Progress => "进展告知",
            Self::Extended => "延期告知",
            Self::Replied => "答复告知",
            Self::Updated => "状态告知",
            Self::CodeResent => "补发查询码",
            Self::SignInCode => "登录验证码",
        }
    }

    /// Whether it is nothing but a code: then the code is in its words whoever gets them.
    const fn is_a_code(self) -> bool {
        matches!(self, Self::CodeResent | Self::SignInCode)
    }
}

named! {
    /// How somebody is told.
    #[derive(Deserialize)]
    pub enum NoticeChannel {
        /// 短信.
        Sms "sms",
        /// 查询页面: published on the page that the query code opens, or read there.
        Page "page",
        /// 应用内: read in the app by who is signed in.
        App "app",
        /// 邮寄.
        Post "post",
        /// 当面送达.
        InPerson "in_person",
        /// 公告.
        Publication "publication",
        /// 电话告知.
        Phone "phone",
        /// 无法联系: tried, and there is nobody to tell.
        Nobody "nobody",
    }
}

impl NoticeChannel {
    /// The channel of that name; words that nobody knows any more stand on the page.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let known = Self::ALL.iter().copied().find(|it| it.as_str() == name);
        known.unwrap_or(Self::Page)
    }

    /// The Chinese term.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Sms => "短信",
            Self::Page => "查询页面",
            Self::App => "应用内",
            Self::Post => "邮寄",
            Self::InPerson => "当面送达",
            Self::Publication => "公告",
            Self::Phone => "电话告知",
            Self::Nobody => "无法联系",
        }
    }
}

/// The words of one event on one channel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeTemplate {
    /// Channel: `sms` or `page`, which the software words itself.
    pub channel: NoticeChannel,
    /// Event.
    pub event: NoticeEvent,
    /// Which wording this is.
    pub version: i32,
    /// The words.
    pub text: String,
    /// The words for who was never given the query code.
    #[serde(default)]
    pub with_code: Option<String>,
}

/// `notices.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notices {
    /// Whether a message counts as told once the gateway has taken it.
    pub sent_counts_as_told: bool,
    /// Who tells.
    pub office: String,
    /// Where to ask.
    pub phone: String,
    /// Letters of a text message at most.
    pub sms_letters: usize,
    /// The templates.
    #[serde(rename = "template")]
    pub templates: Vec<NoticeTemplate>,
}

/// What stands for a placeholder.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filling<'a> {
    /// The complaint's number.
    pub number: &'a str,
    /// Its state in Chinese.
    pub state: &'a str,
    /// The query code, for who was never given it.
    pub code: Option<&'a str>,
    /// The day by which it is answered.
    pub due: &'a str,
}

/// Placeholders with the longest that is put in their place; what the profile says itself is empty here.
const PLACEHOLDERS: [(&str, &str); 6] = [
    ("number", "GL20261123-00007"),
    ("state", "退回补正中"),
    ("code", "ABCDEFGHJKLMNPQR"),
    ("due", "2026-11-23"),
    ("office", ""),
    ("phone", ""),
];

impl Notices {
    /// The words of an event on a channel, and their version; `None` where nothing is said of it there.
    #[must_use]
    pub fn words(
        &self,
        channel: NoticeChannel,
        event: NoticeEvent,
        filling: &Filling<'_>,
    ) -> Option<(String, i32)> {
        let template = self.template(channel, event)?;
        let with_code = template
            .with_code
            .as_ref()
            .filter(|_| filling.code.is_some());
        let text = with_code.unwrap_or(&template.text);
        Some((self.filled(text, filling), template.version))
    }

    /// The words that bring a code to sign in by.
    #[must_use]
    pub fn sign_in_code(&self, code: &str) -> String {
        let filling = Filling {
            code: Some(code),
            ..Filling::default()
        };
        let words = self.words(NoticeChannel::Sms, NoticeEvent::SignInCode, &filling);
        words.map_or_else(|| code.to_owned(), |(words, _)| words)
    }

    fn template(&self, channel: NoticeChannel, event: NoticeEvent) -> Option<&NoticeTemplate> {
        let mut all = self.templates.iter();
        all.find(|it| it.channel == channel && it.event == event)
    }

    fn filled(&self, text: &str, filling: &Filling<'_>) -> String {
        let values = [
            ("{number}", filling.number),
            ("{state}", filling.state),
            ("{code}", filling.code.unwrap_or_default()),
            ("{due}", filling.due),
            ("{office}", &self.office),
            ("{phone}", &self.phone),
        ];
        let mut words = Cow::Borrowed(text);
        for (placeholder, value) in values {
            if words.contains(placeholder) {
                words = Cow::Owned(words.replace(placeholder, value));
            }
        }
        words.into_owned()
    }

    /// What is wrong with the templates, and the words by which the place is found.
    pub(super) fn fault(&self) -> Option<(String, String)> {
        let mut seen = HashSet::new();
        for template in &self.templates {
            let (channel, event) = (template.channel.as_str(), template.event.as_str());
            let at =
                |what: String| Some((template.text.clone(), format!("{channel}, {event}: {what}")));
            if !matches!(template.channel, NoticeChannel::Sms | NoticeChannel::Page) {
                return at(
                    "expected `sms` or `page`; other channels are staff's to word".to_owned(),
                );
            }
            if !seen.insert((template.channel, template.event)) {
                return at("expected one template of each channel and event".to_owned());
            }
            if template.version < 1 {
                return at("expected a version of 1 or more".to_owned());
            }
            if let Some(what) = self.misworded(template) {
                return at(what);
            }
        }
        let mut needed = NoticeEvent::ALL.iter().flat_map(|event| {
            let page = (!event.is_a_code()).then_some(NoticeChannel::Page);
            [Some(NoticeChannel::Sms), page]
                .into_iter()
                .flatten()
                .map(move |it| (it, *event))
        });
        let lacking = needed.find(|it| !seen.contains(it));
        lacking.map(|(channel, event)| {
            let (channel, event) = (channel.as_str(), event.as_str());
            (
                "[[template]]".to_owned(),
                format!("expected a template for {event} on {channel}"),
            )
        })
    }

    /// What is wrong with a template's words.
    fn misworded(&self, template: &NoticeTemplate) -> Option<String> {
        for text in [Some(&template.text), template.with_code.as_ref()]
            .into_iter()
            .flatten()
        {
            let mut unknown =
                placeholders(text).filter(|name| PLACEHOLDERS.iter().all(|(it, _)| it != name));
            if let Some(name) = unknown.next() {
                let known: Vec<&str> = PLACEHOLDERS.iter().map(|(name, _)| *name).collect();
                return Some(format!(
                    "expected placeholders of {}, not {{{name}}}",
                    known.join(", ")
                ));
            }
            if text.trim().is_empty() {
                return Some("expected words".to_owned());
            }
            let value = |wanted: &str| {
                PLACEHOLDERS
                    .iter()
                    .find(|(name, _)| *name == wanted)
                    .map_or("", |it| it.1)
            };
            let filling = Filling {
                number: value("number"),
                state: value("state"),
                code: Some(value("code")),
                due: value("due"),
            };
            let letters = self.filled(text, &filling).chars().count();
            if template.channel == NoticeChannel::Sms && letters > self.sms_letters {
                return Some(format!(
                    "expected {} letters at most, not {letters}",
                    self.sms_letters
                ));
            }
        }
        let in_text = placeholders(&template.text).any(|name| name == "code");
        let in_other = template
            .with_code
            .as_deref()
            .map(|text| placeholders(text).any(|name| name == "code"));
        if template.event.is_a_code() {
            return (!in_text).then(|| "expected {code} in its words".to_owned());
        }
        if in_text {
            return Some(
                "expected {code} in `with_code` alone: who has it needs it in no message"
                    .to_owned(),
            );
        }
        match (template.channel, in_other) {
            (NoticeChannel::Sms, Some(true)) | (NoticeChannel::Page, None) => None,
            (NoticeChannel::Sms, _) => Some("expected `with_code` with {code}".to_owned()),
            _ => Some("expected no `with_code`: who reads the page has the code".to_owned()),
        }
    }
}

/// The names that stand in braces.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{')
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::district::Profile;

    fn gulou() -> Notices {
        Profile::embedded().unwrap().notices
    }

    #[test]
    fn the_code_is_told_to_who_never_had_it() {
        let notices = gulou();
        let filling = Filling {
            number: "GL20261124-0001",
            due: "2027-01-25",
            ..Filling::default()
        };
        let told = |code| {
            let filling = Filling { code, ..filling };
            notices
                .words(NoticeChannel::Sms, NoticeEvent::Accepted, &filling)
                .unwrap()
                .0
        };
        let plain = told(None);
        assert!(
            plain.contains("GL20261124-0001已受理，将于2027-01-25前答复"),
            "{plain}"
        );
        assert!(!plain.contains('{'));
        assert!(told(Some("ABCDEFGHJKLMNPQR")).contains("查询码ABCDEFGHJKLMNPQR"));
        assert!(notices.sign_in_code("012345").contains("验证码 012345"));
        assert!(
            notices
                .words(NoticeChannel::Post, NoticeEvent::Accepted, &filling)
                .is_none()
        );
    }

    #[test]
    fn templates_that_cannot_be_used_are_refused() {
        assert_eq!(gulou().fault(), None);
        let refused = |change: fn(&mut NoticeTemplate)| {
            let mut notices = gulou();
            change(&mut notices.templates[0]);
            notices.fault().unwrap().1
        };
        let told = refused(|it| it.text = "{name}已受理".to_owned());
        assert!(told.contains("not {name}"), "{told}");
        let told = refused(|it| it.text = "查询码{code}".to_owned());
        assert!(told.contains("`with_code` alone"), "{told}");
        let told = refused(|it| it.with_code = Some("请凭查询码查看".to_owned()));
        assert!(told.contains("with {code}"), "{told}");
        let told = refused(|it| it.text = "很".repeat(135));
        assert!(told.contains("134 letters at most, not 135"), "{told}");
        let told = refused(|it| it.channel = NoticeChannel::Post);
        assert!(told.contains("`sms` or `page`"), "{told}");
        let told = refused(|it| it.event = NoticeEvent::Replied);
        assert!(told.contains("one template of each"), "{told}");
        let told = refused(|it| it.version = 0);
        assert!(told.contains("version"), "{told}");
        let mut notices = gulou();
        notices.templates.pop();
        let told = notices.fault().unwrap().1;
        assert_eq!(told, "expected a template for updated on page");
    }
}
