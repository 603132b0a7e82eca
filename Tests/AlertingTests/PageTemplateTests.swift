import MetricsModel
import Testing

@testable import Alerting

@Suite struct PageTemplateTests {
    private static let page = Page(
        groupKey: "{}:{job=\"db\"}", groupLabels: Labels(["job": "db"]), receiver: "team-a",
        alerts: [
            Notification(
                labels: Labels(["alertname": "B", "job": "db", "zone": "1", "az": "x"]),
                annotations: [Label("summary", "one")], startsAt: 1_700_000_000_000, endsAt: 0, isResolved: false,
                generatorURL: "http://g/1"),
            Notification(
                labels: Labels(["alertname": "B", "job": "db", "zone": "2", "az": "x"]),
                annotations: [Label("summary", "one"), Label("more", "m")], startsAt: 1_700_000_060_000,
                endsAt: 1_700_000_090_000, isResolved: true, generatorURL: ""),
        ])

    /// What Go's text/template gives with Alertmanager's data, by its rules.
    private static let table: [(String, String)] = [
        ("plain {text}", "plain {text}"), ("{{ .Status }} {{ .Receiver }}", "firing team-a"),
        ("{{ len .Alerts }} {{ .Alerts.Firing | len }} {{ len .Alerts.Resolved }}", "2 1 1"),
        ("{{ .CommonLabels }}", "map[alertname:B az:x job:db]"),
        ("{{ .CommonLabels.SortedPairs }}", "[{alertname B} {az x} {job db}]"),
        ("{{ .CommonLabels.Names | join \",\" }}", "alertname,az,job"),
        ("{{ .CommonLabels.Values | join \"/\" }}", "B/x/db"),
        ("{{ (.CommonLabels.Remove .GroupLabels.Names).Values | join \" \" }}", "B x"),
        ("{{ .CommonLabels.Remove (stringSlice \"az\" \"job\") }}", "map[alertname:B]"),
        ("{{ .CommonAnnotations.summary }}|{{ .CommonAnnotations.more }}", "one|"),
        ("{{ range .Alerts }}{{ .Labels.zone }}={{ .Status }};{{ end }}", "1=firing;2=resolved;"),
        ("{{ range $i, $a := .Alerts }}{{ $i }}{{ $a.Annotations.summary }} {{ end }}", "0one 1one "),
        ("{{ range .CommonLabels.SortedPairs }}{{ .Name }}:{{ .Value }} {{ end }}", "alertname:B az:x job:db "),
        ("{{ range $k, $v := .GroupLabels }}{{ $k }}-{{ $v }}{{ end }}", "job-db"),
        ("{{ with index .Alerts 0 }}{{ .GeneratorURL }}{{ end }}", "http://g/1"),
        ("{{ (index .Alerts 0).StartsAt.Unix }}", "1700000000"),
        ("{{ (index .Alerts 1).EndsAt.Sub (index .Alerts 1).StartsAt }}", "30s"),
        ("{{ if eq .Status \"firing\" }}danger{{ else }}good{{ end }}", "danger"),
        ("{{ .Status | toUpper | printf \"%s!\" }} {{ title \"abc def\" }} {{ trimSpace \"  x y \" }}", "FIRING! Abc Def x y"),
        ("{{ match \"^t.am\" .Receiver }} {{ reReplaceAll \"[^a-z]\" \"\" .Receiver }}", "true teama"),
        ("{{ .ExternalURL }}{{ urlquery \"a b\" }}", "https://va+b"),
        ("{{ template \"slack.default.title\" . }}", "[FIRING:1] db (B x)"),
        ("{{ template \"pagerduty.default.clientURL\" . }}", "https://v/#/alerts?receiver=team-a"),
        (
            "{{ template \"__text_alert_list\" .Alerts.Resolved }}",
            "Labels:\n - alertname = B\n - az = x\n - job = db\n - zone = 2\nAnnotations:\n - more = m\n - summary = one\nSource: \n"
        ),
        (
            "{{ define \"slack.default.title\" }}mine{{ end }}{{ template \"slack.default.fallback\" . }}",
            "mine | https://v/#/alerts?receiver=team-a"
        ),
        ("{{ (index .Alerts 0).Fingerprint | len }}", "16"),
        ("{{ if .CommonLabels.nothing }}yes{{ else }}no{{ end }}", "no"),
    ]

    @Test("Texts of receivers expand as in Alertmanager", arguments: table)
    func expand(text: String, wanted: String) throws {
        #expect(try PageTemplate(text).expand(Self.page, externalURL: "https://v") == wanted)
    }

    @Test(
        "What would fail when the page is due is refused when the configuration is read",
        arguments: [
            ("{{ .Status", "unclosed action"), ("{{ query \"up\" }}", "function \"query\" not defined"),
            ("{{ date \"x\" .Status }}", "function \"date\" not defined"),
            ("{{ humanize 1 }}", "function \"humanize\" not defined"),
            ("{{ template \"email.default.html\" . }}", "template \"email.default.html\" not defined"),
            ("{{ if .Status }}{{ range .Alerts }}{{ template \"x\" }}{{ end }}{{ end }}", "template \"x\" not defined"),
            ("{{ end }}", "unexpected {{end}}"),
        ])
    func refused(text: String, reason: String) {
        let error = #expect(throws: PageTemplateError.self) { try PageTemplate(text) }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }

    @Test(
        "What can only fail with a page is that page's error",
        arguments: ["{{ .Nothing }}", "{{ index .Alerts 9 }}", "{{ .Status.x }}"])
    func fails(text: String) throws {
        let template = try PageTemplate(text)
        #expect(throws: PageTemplateError.self) { try template.expand(Self.page, externalURL: "") }
    }

    @Test("A rule's texts know nothing of a receiver's functions")
    func separate() {
        #expect(throws: TemplateError.self) { try Template.alertTemplate("{{ join \",\" .Labels }}", alert: "A") }
    }
}
