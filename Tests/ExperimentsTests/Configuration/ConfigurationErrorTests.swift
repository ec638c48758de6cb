import TangentKernels
import Testing

@testable import Experiments

@Suite struct ConfigurationErrorTests {
    /// A configuration with one mistake, and what is said about it.
    static let mistakes: [(yaml: String, message: String)] = [
        ("inferense: {time: 3}", "c.yaml:1: unknown key 'inferense' in the top level; did you mean 'inference'?"),
        ("seed: 1\ndata:\n  trian: 3", "c.yaml:3: unknown key 'trian' in data; did you mean 'train'?"),
        ("model: {w_std: 1}", "c.yaml:1: unknown key 'w_std' in model; did you mean 'W_std'?"),
        (
            "kernel: {colour: red}",
            "c.yaml:1: unknown key 'colour' in kernel; known keys: type, test_test"
        ),
        ("seed: -1", "c.yaml:1: seed must be a whole number of at least 0, found '-1'"),
        ("seed: 1.5", "c.yaml:1: seed must be a whole number of at least 0, found '1.5'"),
        ("seed: [1]", "c.yaml:1: seed must be a whole number of at least 0, found a list"),
        (
            "data: {name: fashon-mnist}",
            "c.yaml:1: data.name must be one of fashion-mnist, mnist, cifar10 or npy, found 'fashon-mnist'; "
                + "did you mean 'fashion-mnist'?"
        ),
        ("data: {train: none}", "c.yaml:1: data.train must be a whole number of at least 1, or all, found 'none'"),
        ("data: {balanced: yes}", "c.yaml:1: data.balanced must be true or false, found 'yes'"),
        ("data: {classes: [3, 5, 3]}", "c.yaml:1: data.classes.2: class '3' is given twice"),
        (
            "data: {classes: [3]}",
            "c.yaml:1: data.classes must be a list of at least 2 class indices or names, or all, found a list"
        ),
        ("data: {train_inputs: x.npy}", "c.yaml:1: data.train_inputs: is read only with name: npy; remove it"),
        (
            "seed: 0\ndata:\n  name: npy\n  train_inputs: x.npy",
            "c.yaml:2: data: name: npy needs train_targets, test_inputs"
        ),
        (
            "data: {root: '${HOME}/x'}",
            "c.yaml:1: data.root: only ${NTK_DATA} is expanded, not ${HOME}; write the path itself"
        ),
        (
            "data:\n  root: ${NTK_DATA}",
            "c.yaml:2: data.root: ${NTK_DATA} is not set in the environment; set it or write the path itself"
        ),
        ("model: {depth: -1}", "c.yaml:1: model.depth must be a whole number of at least 0, found '-1'"),
        ("model: {W_std: 0}", "c.yaml:1: model.W_std must be a number above 0, found '0'"),
        ("model: {b_std: x}", "c.yaml:1: model.b_std must be a number of at least 0, or null, found 'x'"),
        (
            "model: {depth: 2, layers: [dense]}",
            "c.yaml:1: model.depth: cannot stand beside model.layers; remove one of them"
        ),
        (
            "model: {activation: dense}",
            "c.yaml:1: model.activation: 'dense' is no activation; "
                + "activations are \(Layers.forms.filter { $0.isActivation }.map { $0.name }.joined(separator: ", "))"
        ),
        (
            "model:\n  layers:\n    - flatten\n    - rulu",
            "c.yaml:4: model.layers.1: there is no layer 'rulu'; did you mean 'relu'?"
        ),
        (
            "model:\n  layers:\n    - {leaky_relu: {alhpa: 0.1}}",
            "c.yaml:3: unknown key 'alhpa' of layer 'leaky_relu'; did you mean 'alpha'?"
        ),
        ("model: {layers: [{relu: {a: 1}}]}", "c.yaml:1: unknown key 'a' of layer 'relu'; it has none"),
        (
            "model: {layers: [leaky_relu]}",
            "c.yaml:1: model.layers.0: layer 'leaky_relu' needs alpha, slope for negative x"
        ),
        (
            "model: {layers: [{residual: {main: [{dense: {W_std: -1}}]}}]}",
            "c.yaml:1: model.layers.0.residual.main.0.dense.W_std must be a number above 0, found '-1'"
        ),
        (
            "model: {layers: [{abrelu: {a: 0, b: 0}}]}",
            "c.yaml:1: model.layers.0: layer 'abrelu' with a = b = 0 is zero everywhere"
        ),
        (
            "model: {layers: [{relu: , erf: }]}",
            "c.yaml:1: model.layers.0 must be a layer: a word, or a map of one name with its keys, found a map"
        ),
        ("model: {layers: []}", "c.yaml:1: model.layers must be a list of at least 1 layers, found a list"),
        (
            "compute: {precision: float16}",
            "c.yaml:1: compute.precision must be one of float32 or float64, found 'float16'; did you mean 'float32'?"
        ),
        ("compute: {tile: big}", "c.yaml:1: compute.tile must be a whole number of at least 1, or auto, found 'big'"),
        ("compute: [cpu]", "c.yaml:1: compute must be a map of keys, found a list"),
        (
            "inference: {diag_reg: 1/0}",
            "c.yaml:1: inference.diag_reg must be a number of at least 0, or a list of them, found '1/0'"
        ),
        ("inference: {time: [1, 2, 1]}", "c.yaml:1: inference.time.2: time 1 is given twice"),
        (
            "inference: {time: soon}",
            "c.yaml:1: inference.time must be a number of at least 0 or inf, or a list of them, found 'soon'"
        ),
        (
            "inference: {learning_rate: inf}", "c.yaml:1: inference.learning_rate must be a number above 0, found 'inf'"
        ),
        (
            "attacks:\n  - {name: pdg}",
            "c.yaml:2: attacks.0.name must be one of fgsm, r-fgsm, pgd, apgd-ce, apgd-dlr, apgd-t, fab, fab-t, square, cw, "
                + "deepfool, taylor, universal, auto or file, found 'pdg'; did you mean 'pgd'?"
        ),
        ("attacks:\n  - {eps: 1}", "c.yaml:2: attacks.0: an attack needs a name"),
        (
            "attacks: [{name: pgd, clip: [1, 0]}]",
            "c.yaml:1: attacks.0.clip must be a list of two numbers, the smaller first, or none, found a list"
        ),
        ("attacks: [{name: fgsm, steps: 5}]", "c.yaml:1: attacks.0.steps: has no meaning for fgsm; remove it"),
        ("attacks: [{name: fab, loss: mse}]", "c.yaml:1: attacks.0.loss: has no meaning for fab; remove it"),
        ("attacks: [{name: cw, norm: linf}]", "c.yaml:1: attacks.0.norm: cw is defined for l2 only"),
        ("attacks: [{name: square, share: 2}]", "c.yaml:1: attacks.0.share: must be at most 1"),
        ("attacks: [{name: file}]", "c.yaml:1: attacks.0: an attack from a file needs path"),
        ("attacks: [{name: pgd, target: targeted}]", "c.yaml:1: attacks.0: a targeted attack needs target_class"),
        (
            "attacks: [{name: pgd, target_class: 1}]",
            "c.yaml:1: attacks.0.target_class: is read only with target: targeted; remove it"
        ),
        (
            "attacks: [{name: fab, target: targeted}]",
            "c.yaml:1: attacks.0.target: fab cannot be targeted at one class; use label or prediction"
        ),
        ("diag_reg: 0.1", "c.yaml:1: unknown key 'diag_reg' in the top level; it belongs to inference"),
        ("data: {eps: 0.1}", "c.yaml:1: unknown key 'eps' in data; it belongs to attacks or features"),
        ("compute: {devices: [0, 1, 0]}", "c.yaml:1: compute.devices.2: device 0 is given twice"),
        (
            "compute: {devices: [0, {split: 0, units: [1]}]}",
            "c.yaml:1: compute.devices.1: device 0 is given twice"
        ),
        (
            "compute: {devices: [{split: 0}]}",
            "c.yaml:1: compute.devices.0: a device that is split needs units, the compute units of each part"
        ),
        (
            "compute: {devices: [half]}",
            "c.yaml:1: compute.devices.0 must be a device index, or {split: index, units: [compute units of each part]}, "
                + "found 'half'"
        ),
        ("attacks: {name: pgd}", "c.yaml:1: attacks must be a list of attacks, found a map"),
        (
            "save: [kernel]",
            "c.yaml:1: save.0 must be one of kernels, predictions, gradients, adversarial or features, found 'kernel'; "
                + "did you mean 'kernels'?"
        ),
        (
            "seed: 0\nfeatures: {steps: 10}",
            "c.yaml:2: features.steps: has no meaning without attack: pgd; remove it"
        ),
        ("features: {attack: [pgd, fgsm, pgd]}", "c.yaml:1: features.attack.2: pgd is given twice"),
        ("features: {indices: [7, 1, 7]}", "c.yaml:1: features.indices.2: 7 is given twice"),
        (
            "features: {architectures: [{preset: fc}, {preset: conv, layers: [dense]}]}",
            "c.yaml:1: features.architectures.1.preset: cannot stand beside features.architectures.1.layers; "
                + "remove one of them"
        ),
        (
            "features: {attack: fab}",
            "c.yaml:1: features.attack must be one of fgsm or pgd, or a list of them, or none, found 'fab'"
        ),
        ("- a\n- b", "c.yaml:1: the configuration must be a map of keys, found a list"),
        ("seed: 1\ndata:\n  train: 1\n  train: 2", "c.yaml:3: key 'train' is given more than once in the same map"),
        (
            "seed: 1\ndata: {train: 1",
            "c.yaml:3: not YAML: while parsing a flow mapping: did not find expected ',' or '}' (column 1)"
        ),
        (
            "seed: \"abc",
            "c.yaml:1: not YAML: while scanning a quoted scalar: found unexpected end of stream (column 11)"
        ),
        ("{[a]: 1}", "c.yaml:1: a key must be one word, not a list or a map"),
        ("seed: *x", "c.yaml:1: not YAML: found undefined alias (column 7)"),
        (
            "seed: 1\n---\nseed: 2",
            "c.yaml:2: not YAML: expected a single document in the stream: but found another document (column 1)"
        ),
    ]

    @Test(arguments: mistakes) func saysWhatIsWrong(yaml: String, message: String) {
        #expect(complaints(yaml) == [message])
    }

    @Test func layersOfALaterVersionAreNotUnknown() {
        guard Layers.isPlanned("conv") else { return }
        #expect(
            complaints("model: {layers: [conv]}")
                == ["c.yaml:1: model.layers.0: layer 'conv' is not available in this version"])
        #expect(
            complaints("model: {preset: conv-gap}")
                == ["c.yaml:1: model.preset: 'conv-gap' is not available in this version; available: fc"])
    }

    @Test func everyProblemIsToldInTheOrderOfLines() {
        let yaml = """
            attacks: [{name: pgd, eps: -1, steps: many}]
            seed: x
            model: {depht: 3}
            data: {train: 0}
            """
        #expect(
            complaints(yaml, overrides: ["kernel.typ=ntk", "compute.tile=0"]) == [
                "c.yaml:1: attacks.0.eps must be a number of at least 0, or a list of them, found '-1'",
                "c.yaml:1: attacks.0.steps must be a whole number of at least 1, or auto, found 'many'",
                "c.yaml:2: seed must be a whole number of at least 0, found 'x'",
                "c.yaml:3: unknown key 'depht' in model; did you mean 'depth'?",
                "c.yaml:4: data.train must be a whole number of at least 1, or all, found '0'",
                "override 'compute.tile=0': compute.tile must be a whole number of at least 1, or auto, found '0'",
                "override 'kernel.typ=ntk': unknown key 'typ' in kernel; did you mean 'type'?",
            ])
    }

    @Test func complaintsThatComeLaterKnowTheirLine() throws {
        let configuration = try Configuration.parse("seed: 1\ndata:\n  classes: [cat, dog]\n", name: "c.yaml")
        #expect(
            configuration.error(at: "data.classes.1", "there is no class 'dog'").description
                == "c.yaml:3: data.classes.1: there is no class 'dog'")
        #expect(configuration.error(at: "data.train", "too many").description == "c.yaml:2: data.train: too many")
        #expect(configuration.error(at: "kernel.type", "no").description == "c.yaml:1: kernel.type: no")
    }
}
