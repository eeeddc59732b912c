"""Users see and change themselves; operators see everyone."""

import pytest


def url(who):
    return f"/api/v1/user/{getattr(who, 'pk', who)}"


def test_me_and_my_id_are_the_same_person(client_of, viewer):
    api = client_of(viewer)

    assert api.get(url("me")).json() == api.get(url(viewer)).json()


def test_i_can_change_my_name(client_of, viewer):
    response = client_of(viewer).patch(url("me"), {"first_name": "Vera"})

    assert response.status_code == 200
    assert response.json()["first_name"] == "Vera"
    viewer.refresh_from_db()
    assert viewer.first_name == "Vera"


@pytest.mark.parametrize(
    ("field", "value"),
    [("username", "root"), ("roles", ["operator"]), ("is_superuser", True)],
)
def test_nothing_that_gives_rights_can_be_changed(client_of, viewer, field, value):
    response = client_of(viewer).patch(url("me"), {field: value})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]


@pytest.mark.parametrize("who", ["viewer", "operator"])
def test_nobody_deactivates_themselves(client_of, request, who):
    user = request.getfixturevalue(who)

    response = client_of(user).patch(url("me"), {"is_active": False})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["is_active"]


@pytest.mark.parametrize("method", ["get", "patch"])
@pytest.mark.parametrize("who", ["other", "0", "-1", "9" * 30, "you", "٣", "01"])
def test_other_users_are_a_404_for_a_user(client_of, viewer, operator, method, who):
    target = operator if who == "other" else who

    response = getattr(client_of(viewer), method)(url(target))

    assert response.status_code == 404


def test_an_operator_sees_and_deactivates_others(client_of, viewer, operator):
    api = client_of(operator)

    assert api.get(url(viewer)).json()["username"] == "vera"
    assert api.patch(url(viewer), {"is_active": False}).status_code == 200
    viewer.refresh_from_db()
    assert not viewer.is_active


@pytest.mark.parametrize("who", ["0", "9" * 18, "9" * 30])
def test_an_operator_gets_404_for_nobody(client_of, operator, who):
    assert client_of(operator).get(url(who)).status_code == 404


def test_an_operator_does_not_change_a_superuser(client_of, operator, make_person):
    root = make_person("root", is_superuser=True)

    response = client_of(operator).patch(url(root), {"email": "mine@example.org"})

    assert response.status_code == 403
    root.refresh_from_db()
    assert root.email == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "nowhere"), ("first_name", ["x"]), ("first_name", "x" * 151)],
)
def test_a_wrong_value_is_named(client_of, viewer, field, value):
    response = client_of(viewer).patch(url("me"), {field: value})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]


def test_an_id_has_one_spelling(client_of, viewer, operator):
    response = client_of(operator).get(url(f"0{viewer.pk}"))

    assert response.status_code == 404
