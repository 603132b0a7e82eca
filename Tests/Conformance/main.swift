import PromQL

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count >= 2, let command = arguments.first else {
    print(
        "usage: conformance promql [--no-reruns] [--stock-names] DIR|FILE… | parse FILE | lex FILE | print FILE | series FILE | template FILE"
    )
    exit(2)
}
var tally = Tally()
for path in arguments.dropFirst() where !path.hasPrefix("--") {
    switch command {
    case "promql":
        for file in files(at: path, suffix: ".test") {
            let script = ScriptRunner(
                path: file, reruns: !arguments.contains("--no-reruns"),
                features: arguments.contains("--stock-names") ? PromQLFeatures.all.subtracting(.delayedNameRemoval) : .all)
            let counts = script.run()
            print("\(file.split(separator: "/").last ?? ""): \(counts.text)")
            tally += counts
        }
    case "parse": tally += Suite.run(path, Suite.parse)
    case "lex": tally += Suite.run(path, Suite.lex)
    case "print": tally += Suite.run(path, Suite.printed)
    case "series": tally += Suite.run(path, Suite.series)
    case "template": tally += Suite.run(path, Suite.template)
    default:
        print("unknown suite \(command)")
        exit(2)
    }
}
for line in tally.skips { print(line) }
print(tally.text)
exit(tally.failed == 0 ? 0 : 1)
