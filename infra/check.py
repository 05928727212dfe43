#!/usr/bin/env python3
"""Checks of infra/template.yaml that linters cannot know: what this product promises about its stack.

Reads the template as SAM expands it, infra/openapi.json and the folders of functions/. Needs aws-sam-translator.

    infra/check.py            print one line for each finding; exit 1 if there is any
    infra/check.py --write    write infra/grants.json: what each function's role lets it do with the tables, for the tests
                              that hold the functions to it
"""

import json
import os
import re
import sys
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # the expansion asks for one; nothing is called

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {"STATE_TABLE", "ACTIVITY_TABLE", "ROOT_SECRET_PARAMETER"}
HASHING = {"sign-in", "complete-reset", "change", "manage-users"}
WITHOUT_ROUTES = {"deliver", "sweep"}
# Scans, table management and whatever takes a whole table are for operators, never for a function.
ITEM_ACTIONS = {
    f"dynamodb:{action}"
    for action in "GetItem BatchGetItem Query PutItem UpdateItem DeleteItem ConditionCheckItem".split()
}
findings = []


def expect(condition, finding):
    if not condition:
        findings.append(finding)


class NoManagedPolicies:
    """The expansion wants to look up AWS's managed policies by name; the template names none."""

    def load(self):
        return {}


def template_as_written():
    return yaml_parse((ROOT / "infra/template.yaml").read_text())


def expanded():
    template = template_as_written()
    for resource in template["Resources"].values():
        if "CodeUri" in resource.get("Properties", {}):
            resource["Properties"]["CodeUri"] = "s3://packaged/bootstrap.zip"  # as `sam package` would
    return transform(template, {}, NoManagedPolicies())["Resources"]


def of_type(resources, kind):
    return {name: r["Properties"] for name, r in resources.items() if r["Type"] == kind}


def text(value):
    """The literal or the pattern of a Fn::Sub, so that one can look for a part of it."""
    return value.get("Fn::Sub", json.dumps(value)) if isinstance(value, dict) else str(value)


def as_list(value):
    return value if isinstance(value, list) else [value]


def folder_of(function):
    return text(function["FunctionName"]).removeprefix("${AWS::StackName}-")


def check_tables(resources):
    tables = of_type(resources, "AWS::DynamoDB::Table")
    expect(set(tables) == {"StateTable", "ActivityTable"}, f"tables: {sorted(tables)}")
    for name, table in tables.items():
        expect(table.get("BillingMode") == "PAY_PER_REQUEST", f"{name}: not on demand")
        expect(table.get("DeletionProtectionEnabled") is True, f"{name}: no deletion protection")
        expect(table.get("SSESpecification", {}).get("SSEEnabled") is True, f"{name}: not encrypted")
        recovery = table.get("PointInTimeRecoverySpecification", {})
        expect(recovery.get("PointInTimeRecoveryEnabled") is True, f"{name}: no point-in-time recovery")
        ttl = table.get("TimeToLiveSpecification")
        expect(ttl == {"AttributeName": "ttl", "Enabled": True}, f"{name}: time to live is {ttl}")
        keys = [(k["AttributeName"], k["KeyType"]) for k in table["KeySchema"]]
        expect(keys == [("pk", "HASH"), ("sk", "RANGE")], f"{name}: keys are {keys}")
        for guard in ("DeletionPolicy", "UpdateReplacePolicy"):
            expect(resources[name].get(guard, "").startswith("Retain"), f"{name}: {guard} does not retain")
    activity = tables["ActivityTable"]
    expect("StreamSpecification" in activity, "ActivityTable: no stream")
    expect("StreamSpecification" not in tables["StateTable"], "StateTable: a stream that nobody reads")
    indexes = [i["IndexName"] for i in activity.get("GlobalSecondaryIndexes", [])]
    expect(indexes == ["by_user"], f"ActivityTable: indexes are {indexes}")


def check_functions(resources):
    functions = of_type(resources, "AWS::Lambda::Function")
    folders = {p.parent.name for p in (ROOT / "functions").glob("*/Cargo.toml")}
    named = {folder_of(f) for f in functions.values()}
    expect(named == folders, f"template and functions/ differ: {sorted(named ^ folders)}")
    expect(
        len({json.dumps(f["Role"]) for f in functions.values()}) == len(functions), "two functions share a role"
    )
    for name, function in functions.items():
        folder = folder_of(function)
        variables = set(function["Environment"]["Variables"])
        logging = function["LoggingConfig"]
        expect(ENVIRONMENT <= variables, f"{name}: environment lacks {sorted(ENVIRONMENT - variables)}")
        expect(logging.get("LogFormat") == "JSON", f"{name}: logs are not JSON")
        expect(logging.get("ApplicationLogLevel") == "INFO", f"{name}: metrics are dropped unless at INFO")
        group = logging.get("LogGroup", {}).get("Ref")
        expect(group in resources, f"{name}: no log group of its own")
        expect("RetentionInDays" in resources.get(group, {}).get("Properties", {}), f"{name}: logs are kept for ever")
        expect((function["MemorySize"] == 1769) == (folder in HASHING), f"{name}: memory {function['MemorySize']}")
        expect("TracingConfig" not in function, f"{name}: tracing needs a grant that no role has")


def check_zips():
    for name, resource in template_as_written()["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        properties = resource["Properties"]
        wanted = f"../target/lambda/{folder_of(properties)}/bootstrap.zip"
        expect(properties["CodeUri"] == wanted, f"{name}: code from {properties['CodeUri']}")
        expect("Events" not in properties, f"{name}: events are written out, not SAM's")


def statements(resources, kind):
    for name, properties in of_type(resources, kind).items():
        policies = [p["PolicyDocument"] for p in properties.get("Policies", [])]
        policies += [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
        for policy in policies:
            for statement in policy["Statement"]:
                yield name, statement["Fn::If"][1] if "Fn::If" in statement else statement


def check_roles(resources):
    for name, statement in [
        *statements(resources, "AWS::IAM::Role"),
        *statements(resources, "AWS::IAM::ManagedPolicy"),
    ]:
        actions, where = as_list(statement["Action"]), json.dumps(statement["Resource"])
        expect(not any("*" in a for a in actions), f"{name}: {actions} has a wildcard")
        on_items = [a for a in actions if a in ITEM_ACTIONS]
        if on_items:
            expect(len(on_items) == len(actions), f"{name}: {actions} mixes items and other things")
            keys = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys")
            by_index = "/index/by_user" in where and actions == ["dynamodb:Query"]
            expect(keys or by_index, f"{name}: {actions} on every key of {where}")
            expect("*" not in (keys or []), f"{name}: {actions} on every key of {where}")
        else:
            dynamo = [a for a in actions if a.startswith("dynamodb:") and "Stream" not in a]
            expect(set(dynamo) <= {"dynamodb:GetRecords", "dynamodb:GetShardIterator"}, f"{name}: may {dynamo}")
        if "ActivityTable" in where and "dynamodb:PutItem" in actions:
            expect(actions == ["dynamodb:PutItem"], f"{name}: activity is append-only, not {actions}")
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        managed = role.get("ManagedPolicyArns", [])
        expect(managed == [{"Ref": "RootSecretPolicy"}], f"{name}: managed policies {managed}")


def shape(path):
    """A path with the names of its parameters left out."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def check_routes(resources):
    routes = of_type(resources, "AWS::ApiGatewayV2::Route")
    keys = {r["RouteKey"] for r in routes.values()}
    integrations = of_type(resources, "AWS::ApiGatewayV2::Integration")
    for name, integration in integrations.items():
        expect(integration["PayloadFormatVersion"] == "2.0", f"{name}: payload is not 2.0")
    permitted = {
        (p["FunctionName"]["Ref"], text(p["SourceArn"]).split("${Api}/")[1])
        for p in of_type(resources, "AWS::Lambda::Permission").values()
        if p["Principal"] == "apigateway.amazonaws.com"
    }
    wanted = set()
    for name, route in routes.items():
        target = re.search(r"\$\{(\w+)\}", text(route["Target"])).group(1)
        function = integrations[target]["IntegrationUri"]["Fn::GetAtt"][0]
        path = route["RouteKey"].removeprefix("ANY ")
        expect(path != route["RouteKey"] or path == "$default", f"{name}: {route['RouteKey']} is not ANY")
        source = "*/$default" if path == "$default" else "*/*" + shape(path).replace("{}", "*")
        wanted.add((function, source))
    expect(wanted == permitted, f"routes and permissions differ: {sorted(wanted ^ permitted)}")
    stage = of_type(resources, "AWS::ApiGatewayV2::Stage")["ApiStage"]
    expect(stage["StageName"] == "$default", "the stage's name would stand in every path")
    expect("ThrottlingRateLimit" in stage.get("DefaultRouteSettings", {}), "no throttling")
    check_contract({shape(k.removeprefix("ANY ")) for k in keys} - {"$default"})


def check_contract(routed):
    contract = ROOT / "infra/openapi.json"
    if not contract.exists():
        findings.append("infra/openapi.json is missing")
        return
    described = {shape(path) for path in json.loads(contract.read_text()).get("paths", {})}
    # A report's name is a parameter to the gateway and a path of its own in the contract.
    described = {re.sub(r"^(/v1/admin/reports)/[^/]+$", r"\1/{}", path) for path in described}
    expect(described <= routed, f"described, not routed: {sorted(described - routed)}")
    expect(routed <= described, f"routed, not described: {sorted(routed - described)}")


def check_delivery(resources):
    (mapping,) = of_type(resources, "AWS::Lambda::EventSourceMapping").values()
    expect(mapping["FunctionName"] == {"Ref": "Deliver"}, "the stream does not feed deliver")
    expect(mapping.get("BisectBatchOnFunctionError") is True, "a bad record is not split off")
    expect(mapping.get("FunctionResponseTypes") == ["ReportBatchItemFailures"], "good records are sent again")
    for bound in ("MaximumRecordAgeInSeconds", "MaximumRetryAttempts"):
        expect(mapping.get(bound, -1) > 0, f"the stream has no {bound}")
    expect("OnFailure" in mapping.get("DestinationConfig", {}), "a record that failed for good is forgotten")
    (queue,) = of_type(resources, "AWS::SQS::Queue").values()
    expect(queue.get("SqsManagedSseEnabled") is True, "the queue of failures is not encrypted")
    watched = {a["MetricName"] for a in of_type(resources, "AWS::CloudWatch::Alarm").values()}
    needed = {"ApproximateNumberOfMessagesVisible", "IteratorAge", "Errors", "Throttles", "5xx"}
    expect(needed <= watched, f"no alarm on {sorted(needed - watched)}")
    (rule,) = of_type(resources, "AWS::Events::Rule").values()
    expect(rule["Targets"][0]["Arn"] == {"Fn::GetAtt": ["Sweep", "Arn"]}, "the schedule does not start sweep")


def grants(resources):
    """Function → what its role lets it do: action, table or index, and the patterns of the partition keys."""
    by_role = {f["Role"]["Fn::GetAtt"][0]: folder_of(f) for f in of_type(resources, "AWS::Lambda::Function").values()}
    granted = {folder: [] for folder in sorted(by_role.values())}
    for role, statement in statements(resources, "AWS::IAM::Role"):
        for action in as_list(statement["Action"]):
            if action not in ITEM_ACTIONS:
                continue
            where = json.dumps(statement["Resource"])
            place = "by_user" if "/index/by_user" in where else "activity" if "Activity" in where else "state"
            keys = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", ["*"])
            granted[by_role[role]].append({"action": action.removeprefix("dynamodb:"), "on": place, "keys": keys})
    return granted


def grants_text(resources):
    """One grant a line, so that a difference reads as one."""
    lines = []
    for function, granted in grants(resources).items():
        inner = ",\n".join(f"    {json.dumps(grant)}" for grant in granted)
        lines.append(f"  {json.dumps(function)}: [\n{inner}\n  ]")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main():
    resources = expanded()
    written = ROOT / "infra/grants.json"
    if "--write" in sys.argv:
        written.write_text(grants_text(resources))
        return 0
    fresh = written.exists() and written.read_text() == grants_text(resources)
    expect(fresh, "infra/grants.json is not what infra/check.py --write writes")
    check_tables(resources)
    check_functions(resources)
    check_zips()
    check_roles(resources)
    check_routes(resources)
    check_delivery(resources)
    for finding in findings:
        print(f"infra/template.yaml: {finding}")
    print(f"{len(resources)} resources checked, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
