import PromQL

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

let arguments = CommandLine.arguments.dropFirst()
guard let command = arguments.first, command == "fuzz" || arguments.count >= 2 else {
    print(
        """
        usage: conformance promql [--no-reruns] [--stock-names] DIR|FILE…
               conformance parse | lex | print | series | template FILE…
               conformance fuzz [--seed N] [--inputs N] [--seconds N] [--threads N]
        """)
    exit(2)
}
if command == "fuzz" {
    func option(_ name: String) -> UInt64? {
        guard let place = arguments.firstIndex(of: name), place + 1 < arguments.endIndex else { return nil }
        return UInt64(arguments[place + 1])
    }
    let seconds = option("--seconds").map { Double($0) }
    let inputs = option("--inputs") ?? (seconds == nil ? 1_000_000 : .max)
    let threads = option("--threads").map(Int.init) ?? sysconf(Int32(_SC_NPROCESSORS_ONLN))
    let run = FuzzRun(seed: option("--seed") ?? UInt64(time(nil)) << 32, inputs: inputs)
    exit(run.run(threads: max(1, min(threads, 256)), seconds: seconds) ? 0 : 1)
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
