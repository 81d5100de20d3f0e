"""The chart: linted, rendered, held to the schemas of Kubernetes and to the service."""

import dataclasses
import json
import re
import tomllib
from typing import Any

import kubernetes_validate
import pytest
import yaml

from service.web.settings import Settings, SettingsError
from tests.deploy.promql import DEPLOY

helm = pytest.importorskip("helm_python", reason="it comes for Linux only")

type Values = dict[str, Any]
type Manifests = dict[str, dict[str, Any]]

ROOT = DEPLOY.parent
CHART = DEPLOY / "helm" / "barchasb"
SCHEMA = json.loads((CHART / "values.schema.json").read_text("utf-8"))
SETTINGS: dict[str, Any] = SCHEMA["properties"]["settings"]["properties"]
WARNING = 2  # of helm.lint
ANYONE: Values = {"settings": {"anonymous": "tag"}}
KEYS: Values = {"keys": {"secret": "barchasb-keys"}}
EVERYTHING: Values = {
    "image": {
        "repository": "registry.example/barchasb",
        "digest": "sha256:" + "0" * 64,
        "pullSecrets": [{"name": "pull"}],
    },
    "keys": {"secret": "barchasb-keys"},
    "model": {"claim": "versions"},
    "settings": {
        "models": "/versions",
        "host": "::",
        "port": 9000,
        "workers": 4,
        "maxBodyBytes": 1073741824,
        "maxBatchBytes": 1073741824,
        "maxBatchArticles": 1000000,
        "corsOrigins": "https://desk.example",
        "keys": "/secrets/barchasb.json",
        "anonymous": "tag",
        "rate": "10/minute",
        "trustedProxies": "10.0.0.0/8,fd00::/8",
        "queueMs": 500,
        "readSeconds": 20,
        "logLevel": "debug",
        "logFormat": "text",
    },
    "autoscaling": {"enabled": False},
    "replicas": 3,
    "drainSeconds": 20,
    "service": {"type": "LoadBalancer", "port": 8080},
    "ingress": {
        "enabled": True,
        "className": "nginx",
        "host": "tags.example",
        "tlsSecret": "tags-tls",
        "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "0"},
    },
    "networkPolicy": {
        "from": [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}],
        "egress": [{"ports": [{"port": 53, "protocol": "UDP"}]}],
    },
    "podDisruptionBudget": {"maxUnavailable": "25%"},
    "serviceMonitor": {
        "enabled": True,
        "labels": {"release": "prometheus"},
        "keySecret": {"name": "barchasb-metrics"},
    },
    "podAnnotations": {"a": "b"},
    "podLabels": {"desk": "foreign"},
    "priorityClassName": "high",
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [{"key": "news", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
}
WITHOUT: Values = {
    **ANYONE,
    "autoscaling": {"enabled": False},
    "networkPolicy": {"enabled": False},
}
SETS = {"anyone": ANYONE, "keys": KEYS, "everything": EVERYTHING, "without": WITHOUT}
CUSTOM = {"ServiceMonitor"}  # Kubernetes has no schema of its own for it
ALWAYS = {"Deployment", "PodDisruptionBudget", "Service", "ServiceAccount"}
each_set = pytest.mark.parametrize("values", SETS.values(), ids=SETS.keys())


def rendered(values: Values, name: str = "barchasb") -> Manifests:
    """What is applied to a cluster, by kind."""
    with helm.Chart.load(CHART) as chart:
        files = chart.render(values, name=name, namespace="news")
    found = [yaml.safe_load(text) for path, text in files.items() if ".yaml" in path]
    return {one["kind"]: one for one in found if one}


def pod_of(manifests: Manifests) -> dict[str, Any]:
    spec: dict[str, Any] = manifests["Deployment"]["spec"]["template"]["spec"]
    return spec


def container_of(manifests: Manifests) -> dict[str, Any]:
    (container,) = pod_of(manifests)["containers"]
    return dict(container)


def settings_of(manifests: Manifests) -> Settings:
    """What the service makes of its environment."""
    environment = {one["name"]: one["value"] for one in container_of(manifests)["env"]}
    assert all(isinstance(value, str) for value in environment.values())
    return Settings.from_environment(environment)


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def test_readme_pushes_the_image_that_the_chart_asks_for() -> None:
    readme = (ROOT / "deploy" / "README.md").read_text("utf-8")
    repository = re.search(r"--set image.repository=(\S+)", readme)
    assert repository is not None
    manifests = rendered({**KEYS, "image": {"repository": repository[1]}})
    assert f"docker push {container_of(manifests)['image']}\n" in readme


@each_set
def test_nothing_is_to_be_said_against_it(values: Values) -> None:
    found = helm.lint(CHART, values, strict=True)
    assert found["errors"] == []
    assert [one for one in found["messages"] if one["severity"] >= WARNING] == []


@each_set
def test_kubernetes_takes_every_manifest(values: Values) -> None:
    with helm.Chart.load(CHART) as chart:
        least = re.search(r"1\.\d+", chart.metadata["kubeVersion"])
    assert least
    manifests = rendered(values)
    assert manifests.keys() >= ALWAYS
    for kind in manifests.keys() - CUSTOM:
        for version in (least[0], kubernetes_validate.latest_version()):
            kubernetes_validate.validate(manifests[kind], version, strict=True)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "choose who may tag: set keys.secret .* or set settings.anonymous to tag"),
        (ANYONE | {"serviceMonitor": {"enabled": True}}, "serviceMonitor.keySecret"),
        (ANYONE | {"ingress": {"enabled": True}}, "set ingress.host"),
        ({"settings": {"anonymous": "yes"}}, "/settings/anonymous.*'none', 'tag'"),
        ({"settings": {"workers": 0}}, "/settings/workers.*minimum"),
        ({"settings": {"workers": "2"}}, "/settings/workers.*want integer"),
        ({"settings": {"host": "127.0.0.1"}}, "/settings/host"),
        ({"settings": {"rate": "100/fortnight"}}, "/settings/rate"),
        ({"settings": {"maxbodybytes": 1}}, "'maxbodybytes' not allowed"),
        (ANYONE | {"key": {}}, "'key' not allowed"),
    ],
)
def test_what_cannot_be_is_refused(values: Values, said: str) -> None:
    with pytest.raises(helm.HelmError, match=f"(?s){said}"):
        rendered(values)


def test_settings_are_the_service_s_and_have_its_defaults() -> None:
    with helm.Chart.load(CHART) as chart:
        values = chart.values["settings"]
    fields = {camel(one.name): one.default for one in dataclasses.fields(Settings)}
    assert values.keys() == SETTINGS.keys() == fields.keys()
    others = {name for name in fields if values[name] != fields[name]}
    assert others == {"models", "host", "keys"}


def test_every_setting_reaches_the_service() -> None:
    given = EVERYTHING["settings"]
    found = dataclasses.asdict(settings_of(rendered(EVERYTHING)))
    assert given.keys() == SETTINGS.keys()
    for name, value in found.items():
        assert value == type(value)(given[camel(name)])


@pytest.mark.parametrize(
    "name", [name for name in SETTINGS if SETTINGS[name].get("type") == "integer"]
)
def test_numbers_have_the_service_s_bounds(name: str) -> None:
    least, most = SETTINGS[name]["minimum"], SETTINGS[name]["maximum"]
    variable = "BARCHASB_" + re.sub("([A-Z])", r"_\1", name).upper()
    for value in (least, most):
        Settings.from_environment({variable: str(value)})
    # Who is not root has no port below 1024.
    for value in (0 if name == "port" else least - 1, most + 1):
        with pytest.raises(SettingsError, match=variable):
            Settings.from_environment({variable: str(value)})


def test_it_is_told_where_keys_and_models_lie() -> None:
    manifests = rendered(EVERYTHING)
    settings = settings_of(manifests)
    mounts = {one["name"]: one for one in container_of(manifests)["volumeMounts"]}
    volumes = {one["name"]: one for one in pod_of(manifests)["volumes"]}
    assert mounts["keys"]["mountPath"] == str(settings.keys.parent)
    assert mounts["models"]["mountPath"] == str(settings.models)
    assert mounts["keys"]["readOnly"]
    assert mounts["models"]["readOnly"]
    secret = volumes["keys"]["secret"]
    assert secret["secretName"] == "barchasb-keys"
    assert secret["items"] == [{"key": "keys.json", "path": settings.keys.name}]
    assert volumes["models"]["persistentVolumeClaim"]["claimName"] == "versions"


def test_the_image_has_what_is_not_given() -> None:
    manifests = rendered(ANYONE)
    mounts = {one["mountPath"] for one in container_of(manifests)["volumeMounts"]}
    assert mounts == {"/tmp", "/dev/shm"}  # noqa: S108 - in the container
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    settings = settings_of(manifests)
    workdir = "/srv/barchasb"
    assert f"WORKDIR {workdir}\n" in dockerfile
    assert settings.models.as_posix() == f"{workdir}/{Settings.models}"


@each_set
def test_it_can_do_no_more_than_it_must(values: Values) -> None:
    manifests = rendered(values)
    pod, container = pod_of(manifests), container_of(manifests)
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text(), re.M)
    assert user
    assert pod["securityContext"]["runAsUser"] == int(user[1])
    assert pod["securityContext"]["fsGroup"] == int(user[2])
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert manifests["ServiceAccount"]["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False  # they would set BARCHASB_PORT
    assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}
    assert container["resources"].keys() == {"requests", "limits"}
    for volume in pod["volumes"]:
        assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": ""})


def test_probes_ask_what_is_open_to_all() -> None:
    container = container_of(rendered(KEYS))
    (port,) = container["ports"]
    asked = {
        name: container[f"{name}Probe"]["httpGet"]
        for name in ("startup", "liveness", "readiness")
    }
    assert all(one["port"] == port["name"] for one in asked.values())
    assert {name: one["path"] for name, one in asked.items()} == {
        "startup": "/healthz",
        "liveness": "/healthz",
        "readiness": "/readyz",
    }


@each_set
def test_a_replica_may_finish_what_it_has_begun(values: Values) -> None:
    manifests = rendered(values)
    strategy = manifests["Deployment"]["spec"]["strategy"]["rollingUpdate"]
    assert strategy["maxUnavailable"] == 0
    assert strategy["maxSurge"] > 0
    configured = (ROOT / "service" / "gunicorn_conf.py").read_text("utf-8")
    graceful = re.search(r"^graceful_timeout = (\d+)$", configured, re.M)
    assert graceful
    drained = container_of(manifests)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert drained > 0
    given = pod_of(manifests)["terminationGracePeriodSeconds"]
    assert given >= drained + int(graceful[1]) + 5


@each_set
def test_all_speak_of_the_same_replicas(values: Values) -> None:
    manifests = rendered(values, name="desk")
    deployment = manifests["Deployment"]
    wanted = deployment["spec"]["selector"]["matchLabels"]
    template = deployment["spec"]["template"]
    assert wanted.items() <= template["metadata"]["labels"].items()
    assert manifests["Service"]["spec"]["selector"] == wanted
    selectors = [manifests["PodDisruptionBudget"]["spec"]["selector"]]
    if "NetworkPolicy" in manifests:
        selectors.append(manifests["NetworkPolicy"]["spec"]["podSelector"])
    spread = template["spec"]["topologySpreadConstraints"]
    selectors += [one["labelSelector"] for one in spread]
    assert all(one == {"matchLabels": wanted} for one in selectors)
    assert {one["metadata"]["name"] for one in manifests.values()} == {"desk-barchasb"}


def test_who_scales_is_one() -> None:
    scaled, fixed = rendered(ANYONE), rendered(WITHOUT)
    assert "replicas" not in scaled["Deployment"]["spec"]
    target = scaled["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert target["name"] == scaled["Deployment"]["metadata"]["name"]
    assert scaled["HorizontalPodAutoscaler"]["spec"]["minReplicas"] > 1
    assert "cpu" in container_of(scaled)["resources"]["requests"]
    assert fixed["Deployment"]["spec"]["replicas"] > 1
    assert "HorizontalPodAutoscaler" not in fixed


def test_network_is_shut_but_for_callers() -> None:
    policy = rendered(ANYONE)["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["ingress"] == [
        {
            "from": [{"podSelector": {}}],
            "ports": [{"port": "http", "protocol": "TCP"}],
        }
    ]
    assert policy["egress"] == []
    assert "NetworkPolicy" not in rendered(WITHOUT)


def test_metrics_are_read_with_a_key_under_the_alerts_name() -> None:
    manifests = rendered(EVERYTHING)
    monitor = manifests["ServiceMonitor"]
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    labels = manifests["Service"]["metadata"]["labels"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] == manifests["Service"]["spec"]["ports"][0]["name"]
    assert endpoint["authorization"]["credentials"] == {
        "name": "barchasb-metrics",
        "key": "key",
    }
    assert endpoint["relabelings"][0]["targetLabel"] == "job"
    assert endpoint["relabelings"][0]["replacement"] == "barchasb"
    assert "ServiceMonitor" not in rendered(ANYONE)


def test_ingress_leads_to_the_service() -> None:
    manifests = rendered(EVERYTHING)
    ingress = manifests["Ingress"]["spec"]
    (rule,) = ingress["rules"]
    assert rule["host"] == "tags.example"
    backend = rule["http"]["paths"][0]["backend"]["service"]
    assert backend["name"] == manifests["Service"]["metadata"]["name"]
    assert ingress["tls"] == [{"hosts": ["tags.example"], "secretName": "tags-tls"}]
    assert "Ingress" not in rendered(ANYONE)


def test_image_is_of_the_project_s_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    image = container_of(rendered(ANYONE))["image"]
    assert image == f"barchasb:{project['version']}"
    pinned = container_of(rendered(EVERYTHING))["image"]
    assert pinned == f"registry.example/barchasb@sha256:{'0' * 64}"
