from tfwsol.data.imagenet_classes import imagenet_class_names


def test_names_stand_at_the_index_of_the_class():
    names = imagenet_class_names()
    assert len(names) == 1000
    assert (names[0], names[281], names[652], names[999]) == (
        "tench",
        "tabby",
        "military uniform",
        "toilet tissue",
    )


def test_names_tell_the_classes_apart():
    names = imagenet_class_names()
    assert len({name.lower() for name in names}) == 1000
    assert names[134] == "crane (bird)"
    assert names[517] == "crane (machine)"
    assert all(name == name.strip() and name for name in names)


def test_a_caller_may_change_the_list():
    imagenet_class_names().clear()
    assert len(imagenet_class_names()) == 1000
